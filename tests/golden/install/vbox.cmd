virtprov-install --connect recorded://HOSTS/vbox --name web --memory 1024 --osinfo debian12 --disk none --pxe --print-xml
