virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import \
    --disk /var/lib/libvirt/images/debian.qcow2,cache=none,discard=unmap --print-xml
