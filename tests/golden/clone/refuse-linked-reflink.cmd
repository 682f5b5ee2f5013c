virtprov-clone web --name two --auto-clone --linked --reflink --connect recorded://HOSTS/kvm
