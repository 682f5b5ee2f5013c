virtprov-xml db --edit --memory 256 --live --connect recorded://HOSTS/kvm
