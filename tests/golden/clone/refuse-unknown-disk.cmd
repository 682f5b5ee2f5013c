virtprov-clone web --name two --copy vdz,skip=yes --connect recorded://HOSTS/kvm
