virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --cdrom /srv/media/install.iso --livecd \
    --disk none --print-xml
