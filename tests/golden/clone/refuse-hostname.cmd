virtprov-clone web --auto-clone --hostname a_b --connect recorded://HOSTS/kvm
