virtprov-clone web --name two --pool image --connect recorded://HOSTS/kvm
