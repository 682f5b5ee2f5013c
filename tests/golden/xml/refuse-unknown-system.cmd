virtprov-xml web --add-device --network user --osinfo debain12 --connect recorded://HOSTS/kvm
