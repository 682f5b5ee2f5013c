virtprov-install --connect recorded://HOSTS/kvm --osinfo debian12 --import --disk size=1,pool=images,format=luks
