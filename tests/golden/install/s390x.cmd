virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --disk size=5 --arch s390x \
    --cdrom /srv/media/install.iso --print-xml
