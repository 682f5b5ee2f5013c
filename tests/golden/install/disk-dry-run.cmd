virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk size=20 \
    --disk pool=lvm,size=5 --dry-run
