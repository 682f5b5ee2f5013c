virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import \
    --disk size=20,backing_store=/var/lib/libvirt/images/debian.qcow2 --print-xml
