virtprov-xml --state runing --edit --vcpus 4 --connect recorded://HOSTS/kvm
