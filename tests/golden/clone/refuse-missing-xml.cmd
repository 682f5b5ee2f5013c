virtprov-clone --original-xml nosuch.xml --auto-clone --connect recorded://HOSTS/kvm
