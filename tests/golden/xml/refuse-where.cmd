virtprov-xml --where "os/type[" --edit --vcpus 4 --connect recorded://HOSTS/kvm
