virtprov-install --connect recorded://HOSTS/desk --name seeded --osinfo debian12 \
    --cdrom /srv/media/install.iso --disk size=10 --cloud-init user-data=user-data.yaml --print-xml
