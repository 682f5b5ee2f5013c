virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --pxe --disk size=10 --print-xml
