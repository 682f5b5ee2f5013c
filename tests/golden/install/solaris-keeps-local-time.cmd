virtprov-install --connect recorded://HOSTS/desk --osinfo solaris11 --import --disk none --memory 4096 \
    --print-xml
