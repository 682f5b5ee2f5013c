virtprov-clone web --name two --auto-clone --linked --connect recorded://HOSTS/kvm
