virtprov-xml web --edit --vcpus 4 --no-define --start --connect recorded://HOSTS/kvm
