virtprov-install --connect recorded://HOSTS/xen --name pvh --memory 512 --osinfo debian12 --disk /dev/vg/root \
    --boot os_type=xenpvh,kernel=/boot/vmlinuz --hostdev 00:19.0 --print-xml
