virtprov-install --connect recorded://HOSTS/desk --osinfo win10 --cdrom /srv/media/install.iso --disk size=10 \
    --disk /srv/media/drivers.iso,device=cdrom --print-xml 1
