virtprov-clone -o web -n two --connect recorded://HOSTS/kvm
