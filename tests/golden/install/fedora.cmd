virtprov-install --connect recorded://HOSTS/desk --osinfo fedora40 --import --print-xml
