virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --arch i686 \
    --print-xml
