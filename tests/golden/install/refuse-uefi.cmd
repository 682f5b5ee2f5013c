virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --arch s390x \
    --boot uefi
