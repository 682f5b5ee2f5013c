virtprov-xml db --edit --memory 1024 --live --connect recorded://HOSTS/kvm
