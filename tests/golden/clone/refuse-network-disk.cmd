virtprov-clone --original-xml network-disk.xml --auto-clone --connect recorded://HOSTS/kvm
