virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --boot uefi \
    --print-xml
