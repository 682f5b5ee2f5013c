virtprov-clone -o web --auto-clone --skip-copy vdx --connect recorded://HOSTS/kvm
