virtprov-xml web --add-device --rng /dev/urandom --connect recorded://HOSTS/kvm
