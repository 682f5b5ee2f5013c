virtprov-install --connect recorded://HOSTS/kvm --name one --memory 512 --osinfo debian12 --import --disk none \
    --graphics spice,tlsport=5 --print-xml
