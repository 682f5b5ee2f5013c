virtprov-clone web --name two --auto-clone --make-template --dry-run --connect recorded://HOSTS/kvm
