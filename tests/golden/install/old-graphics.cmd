virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 -r 1024 --import --nodisks --vnc \
    --vncport 5901 --vnclisten 0.0.0.0 -k de --print-xml
