virtprov-clone --original web --auto-clone --connect recorded://HOSTS/kvm
