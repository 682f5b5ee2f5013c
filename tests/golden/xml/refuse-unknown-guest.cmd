virtprov-xml wep --edit --memory 5 --connect recorded://HOSTS/kvm
