virtprov-install --connect recorded://HOSTS/kvm --name quay --osinfo debian12 --import --disk none --user tom --cloud-init user=tim
