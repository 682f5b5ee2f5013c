virtprov-clone -o web --connect recorded://HOSTS/kvm
