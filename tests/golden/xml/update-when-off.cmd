virtprov-xml web --edit --vcpus 3 --update --connect recorded://HOSTS/kvm
