virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 -r 1024 --import \
    --nodisks -b br0 -b br1 -m 52:54:00:00:00:01 -m 52:54:00:00:00:02 --nographics --print-xml
