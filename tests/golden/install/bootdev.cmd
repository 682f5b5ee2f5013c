virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --install bootdev=cdrom --disk size=10 \
    --disk /srv/media/install.iso,device=cdrom --print-xml
