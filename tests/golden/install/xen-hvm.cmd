virtprov-install --connect recorded://HOSTS/xen --name full --osinfo debian12 --import --disk pool=lvm,size=5 \
    --hvm --print-xml
