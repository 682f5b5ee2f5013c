virtprov-clone --original web -n two --file '' --print-xml --connect recorded://HOSTS/kvm
