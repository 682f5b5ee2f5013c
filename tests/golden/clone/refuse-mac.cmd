virtprov-clone -o web --auto-clone --mac 52:54 --connect recorded://HOSTS/kvm
