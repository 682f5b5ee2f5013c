virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --graphics vnc,port=5905,listen=0.0.0.0,password=secret --print-xml
