virtprov-xml web wbe --edit --vcpus 4 --connect recorded://HOSTS/kvm
