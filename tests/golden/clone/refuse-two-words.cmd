virtprov-clone db --original web --auto-clone --connect recorded://HOSTS/kvm
