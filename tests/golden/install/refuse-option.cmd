virtprov-install --connect recorded://HOSTS/kvm --osinfo debian12 --import --disk none --network bridg=br0
