virtprov-clone -o web --auto-clone --check mac=off --connect recorded://HOSTS/kvm
