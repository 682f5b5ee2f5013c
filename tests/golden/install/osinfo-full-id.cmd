virtprov-install --connect recorded://HOSTS/desk --osinfo http://debian.org/debian/12 --import --disk none \
    --print-xml
