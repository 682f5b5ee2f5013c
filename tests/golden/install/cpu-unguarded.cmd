virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --cpu Penryn,secure=no \
    --print-xml
