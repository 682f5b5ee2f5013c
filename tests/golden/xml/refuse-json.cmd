virtprov-xml wep --edit --memory 5 --output json --connect recorded://HOSTS/kvm
