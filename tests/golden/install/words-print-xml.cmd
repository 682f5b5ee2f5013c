virtprov-install --connect recorded://HOSTS/kvm --name quay --osinfo debian12 --memory 1024 --import --disk none \
  --network default --graphics none --hostname quay --print-xml
