virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --virt-type qemu \
    --print-xml
