virtprov-install --connect recorded://HOSTS/xen --name desk --memory 512 --osinfo debian12 --import --hvm \
    --disk /dev/vg/root,driver.name=file --graphics spice,port=-1 --print-xml
