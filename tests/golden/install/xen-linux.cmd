virtprov-install --connect recorded://HOSTS/xen --name old --memory 512 --osinfo debian12 --disk /dev/vg/root,driver.name=tap,driver.type=raw \
    --boot os_type=linux,kernel=/boot/vmlinuz --print-xml
