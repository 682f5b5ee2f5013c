virtprov-install --connect recorded://HOSTS/kvm --name new --osinfo debian12 --import --disk none \
    --hostdev pci_0000_00_1f_2 --hostdev usb_1_1 --hostdev 0x0781:0x5567 --print-xml
