virtprov-clone web --name web2 --auto-clone --start --output json --connect recorded://HOSTS/kvm
