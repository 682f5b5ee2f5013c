virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --boot uefi,secure-boot=off --print-xml
