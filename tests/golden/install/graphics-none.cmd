virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --graphics none \
    --print-xml
