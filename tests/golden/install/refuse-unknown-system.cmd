virtprov-install --connect recorded://HOSTS/kvm --import --disk none
