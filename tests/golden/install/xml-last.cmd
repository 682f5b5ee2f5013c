virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --xml ./title=mine \
    --xml xpath.delete=./devices/rng --xml './devices/graphics/@port=5999' --print-xml
