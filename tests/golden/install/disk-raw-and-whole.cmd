virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk size=1,format=raw,sparse=no \
    --print-xml
