virtprov-xml web --autostart yes --edit --vcpus 3 --connect recorded://HOSTS/kvm
