virtprov-clone web --name two --pool images --copy vda,format=raw --print-xml --connect recorded://HOSTS/kvm
