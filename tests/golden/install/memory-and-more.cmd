virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --memory 1024,maxmemory=4096 --memorybacking hugepages=on,access.mode=shared --print-xml
