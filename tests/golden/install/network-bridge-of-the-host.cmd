virtprov-install --connect recorded://HOSTS/kvm --name new --osinfo debian12 --import --disk none --print-xml
