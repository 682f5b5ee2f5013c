virtprov-clone web --name two --auto-clone --make-template --output json --dry-run --connect recorded://HOSTS/kvm
