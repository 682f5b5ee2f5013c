virtprov-install --connect recorded://HOSTS/desk --osinfo win10 --cdrom /srv/media/install.iso --print-xml
