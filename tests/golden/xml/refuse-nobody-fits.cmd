virtprov-xml --state crashed --edit --vcpus 4 --connect recorded://HOSTS/kvm
