virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import \
    --disk file:///var/lib/libvirt/images/debian.qcow2 --print-xml
