virtprov-xml --all --edit target.dev=vdz --disk cache=none --connect recorded://HOSTS/kvm
