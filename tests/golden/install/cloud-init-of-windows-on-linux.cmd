virtprov-install --connect recorded://HOSTS/kvm --name web --import --disk none --network none --graphics none --osinfo debian12 --dry-run --cloud-init user-data=HOSTS/../cloud-init/user-data/ps1.ps1
