virtprov-clone -o db --auto-clone --connect recorded://HOSTS/kvm
