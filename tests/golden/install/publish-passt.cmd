virtprov-install --connect recorded://HOSTS/kvm --name published --osinfo debian12 --import --disk none --memory 1024 \
    --network user --publish 8022:22 --publish [::1]:8080:80 --print-xml
