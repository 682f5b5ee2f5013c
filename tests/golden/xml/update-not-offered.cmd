virtprov-xml db --add-device --rng /dev/urandom --update --connect recorded://HOSTS/kvm
