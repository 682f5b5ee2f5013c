virtprov-install --connect recorded://HOSTS/desk --osinfo linux2023 --import --disk none --memory 1024 \
    --print-xml
