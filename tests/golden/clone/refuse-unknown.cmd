virtprov-clone -o wep --auto-clone --connect recorded://HOSTS/kvm
