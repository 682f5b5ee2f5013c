virtprov-install --connect recorded://HOSTS/desk --osinfo generic --memory 1024 --machine q35 --import \
    --disk none --print-xml
