virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --vcpus 8,sockets=2,threads=2 --print-xml
