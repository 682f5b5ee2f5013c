virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --controller usb2 \
    --controller scsi,model=virtio-scsi --controller num_pcie_root_ports=2 --print-xml
