virtprov-clone web --auto-clone --wait 5 --connect recorded://HOSTS/kvm
