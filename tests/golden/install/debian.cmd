virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --print-xml
