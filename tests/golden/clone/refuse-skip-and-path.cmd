virtprov-clone web --name two --copy vda,skip=yes,path=/srv/x --connect recorded://HOSTS/kvm
