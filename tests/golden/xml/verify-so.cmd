virtprov-xml web --edit --vcpus 2 --add-device --disk target.dev=vda --remove-device --sound all --verify --connect recorded://HOSTS/kvm
