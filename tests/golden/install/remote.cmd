virtprov-install --connect recorded://HOSTS/far --name far --osinfo debian12 --import --disk none --print-xml
