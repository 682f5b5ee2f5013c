virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --network bridge=br0,mac=52:54:00:00:00:01 --network network=default,model=e1000 --network user \
    --network passt,portForward=8080:80 --print-xml
