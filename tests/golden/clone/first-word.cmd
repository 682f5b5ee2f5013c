virtprov-clone web --name web2 --auto-clone --dry-run --connect recorded://HOSTS/kvm
