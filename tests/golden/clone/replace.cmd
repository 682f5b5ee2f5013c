virtprov-clone --original web --name db --auto-clone --replace --dry-run --connect recorded://HOSTS/kvm
