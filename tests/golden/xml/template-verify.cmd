virtprov-xml web --template yes --verify --connect recorded://HOSTS/kvm
