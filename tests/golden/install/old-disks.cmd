virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 \
    --ram 1024 -f /var/lib/libvirt/images/old.img -s 5 --nonsparse --import --print-xml
