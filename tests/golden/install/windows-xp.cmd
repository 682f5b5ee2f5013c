virtprov-install --connect recorded://HOSTS/desk --osinfo winxp --import --disk none --print-xml
