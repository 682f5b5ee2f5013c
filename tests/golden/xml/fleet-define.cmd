virtprov-xml --all --edit --vcpus 4 --connect recorded://HOSTS/kvm
