virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk /dev/vg/root --print-xml
