virtprov-install --connect recorded://HOSTS/desk --osinfo win11 --cdrom /srv/media/install.iso \
    --disk size=64,bus=virtio --print-xml
