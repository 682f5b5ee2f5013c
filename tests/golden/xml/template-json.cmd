virtprov-xml web --template yes --output json --connect recorded://HOSTS/kvm
