virtprov-xml db --edit --vcpus 3 --start --connect recorded://HOSTS/kvm
