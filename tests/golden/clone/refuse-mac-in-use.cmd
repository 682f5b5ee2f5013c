virtprov-clone -o web --auto-clone --mac 52:54:00:11:22:44 --connect recorded://HOSTS/kvm
