virtprov-xml --all --edit target.dev=vda --disk cache=none --keep-going --connect recorded://HOSTS/kvm
