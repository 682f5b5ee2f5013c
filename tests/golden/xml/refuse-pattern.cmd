virtprov-xml "x*" --edit --vcpus 4 --connect recorded://HOSTS/kvm
