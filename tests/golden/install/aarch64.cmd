virtprov-install --connect recorded://HOSTS/arm --osinfo debian12 --disk size=5 \
    --cdrom /var/lib/libvirt/images/install.iso --print-xml
