virtprov-install --connect recorded://HOSTS/kvm --name quay --osinfo debian12 --memory 1024 --disk none --pxe --timezone UTC
