virtprov-clone --original-xml bad.xml --auto-clone --connect recorded://HOSTS/kvm
