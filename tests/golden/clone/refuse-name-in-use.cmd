virtprov-clone -o web -n db --auto-clone --connect recorded://HOSTS/kvm
