virtprov-install --connect recorded://HOSTS/desk --osinfo rhel6.4 --import --disk none --print-xml
