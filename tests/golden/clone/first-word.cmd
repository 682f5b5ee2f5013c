virtprov-clone web --name web2 --dry-run --connect recorded://HOSTS/kvm
