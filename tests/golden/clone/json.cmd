virtprov-clone --original web --auto-clone --output json --connect recorded://HOSTS/kvm
