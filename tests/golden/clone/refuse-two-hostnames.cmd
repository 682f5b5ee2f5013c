virtprov-clone web --auto-clone --hostname a --cloud-init hostname=b --connect recorded://HOSTS/kvm
