virtprov-install --connect recorded://HOSTS/kvm --osinfo debian12 --import --disk pool=images,size=999
