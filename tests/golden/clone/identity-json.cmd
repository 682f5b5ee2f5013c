virtprov-clone --original-xml identity.xml --auto-clone --dry-run --output json --connect recorded://HOSTS/kvm
