# every id, port and socket that must not be there twice
virtprov-clone --original-xml identity.xml --auto-clone --print-xml --connect recorded://HOSTS/kvm
