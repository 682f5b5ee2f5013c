virtprov-install --connect recorded://HOSTS/kvm --name new --osinfo debian12 --import --disk size=5 --dry-run
