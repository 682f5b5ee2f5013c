virtprov-xml web --autostart yes --verify --output json --connect recorded://HOSTS/kvm
