virtprov-install --connect recorded://HOSTS/desk --osinfo freebsd13.1 --memory 1024 --import --disk none \
    --print-xml
