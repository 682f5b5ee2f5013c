virtprov-xml web --edit --vcpus 3 --no-define --connect recorded://HOSTS/kvm
