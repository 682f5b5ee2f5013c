virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk pool=ceph,size=5 \
    --print-xml
