virtprov-xml db --template yes --connect recorded://HOSTS/kvm
