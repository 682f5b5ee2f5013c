virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --cdrom /srv/media/install.iso \
    --disk size=5 --noautoconsole
