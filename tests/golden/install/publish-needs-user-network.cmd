virtprov-install --connect recorded://HOSTS/kvm --name published --osinfo debian12 --import --disk none --memory 1024 \
    --network network=default --publish 8022:22 --print-xml
