virtprov-install --connect recorded://HOSTS/kvm --name quay --osinfo debian12 --memory 1024 --import --disk none \
  --network default,static=192.0.2.5/24 --print-xml
