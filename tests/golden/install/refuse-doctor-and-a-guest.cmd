virtprov-install --connect recorded://HOSTS/kvm --doctor --name web
