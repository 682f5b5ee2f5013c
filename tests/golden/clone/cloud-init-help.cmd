virtprov-clone web --auto-clone --cloud-init help --connect recorded://HOSTS/kvm
