virtprov-install --connect recorded://HOSTS/kvm --name web --osinfo debian12 --import --disk none --memory 1024 --network none --graphics none --check name_in_use=off --print-xml
