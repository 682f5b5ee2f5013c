virtprov-clone --original web --auto-clone --print-xml --connect recorded://HOSTS/kvm
