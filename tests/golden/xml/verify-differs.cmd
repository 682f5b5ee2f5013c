virtprov-xml web --edit --vcpus 3 --add-device --disk target.dev=vda --remove-device --sound all --verify --connect recorded://HOSTS/kvm
