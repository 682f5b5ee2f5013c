virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk vol=default/debian.qcow2 \
    --print-xml
