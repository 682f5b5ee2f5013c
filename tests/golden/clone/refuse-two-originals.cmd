virtprov-clone -o web --original-xml plain.xml --auto-clone --connect recorded://HOSTS/kvm
