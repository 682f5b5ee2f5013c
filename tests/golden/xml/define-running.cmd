virtprov-xml db --edit --memory 1024 --connect recorded://HOSTS/kvm
