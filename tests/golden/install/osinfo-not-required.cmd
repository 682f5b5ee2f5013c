virtprov-install --connect recorded://HOSTS/desk --osinfo detect=on,require=off --import --disk none \
    --memory 1024 --print-xml
