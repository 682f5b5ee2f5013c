virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --disk none --boot network --print-xml
