virtprov-install --connect recorded://HOSTS/kvm --name web --osinfo debian12 --import --disk none
