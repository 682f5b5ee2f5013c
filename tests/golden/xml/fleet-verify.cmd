virtprov-xml --all --edit --vcpus 2 --verify --connect recorded://HOSTS/kvm
