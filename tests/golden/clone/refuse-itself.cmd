virtprov-clone -o web -n web --replace --auto-clone --connect recorded://HOSTS/kvm
