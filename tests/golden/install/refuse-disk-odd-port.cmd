virtprov-install --connect recorded://HOSTS/kvm --osinfo debian12 --import --disk http://host:abc/x
