virtprov-install --connect recorded://HOSTS/desk --osinfo win11 --import --disk none --boot uefi=off \
    --print-xml
