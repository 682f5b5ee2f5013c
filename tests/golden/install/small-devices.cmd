virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --watchdog default \
    --vsock default --panic default --rng none --memballoon none --smartcard default --input keyboard,bus=usb \
    --serial file,path=/tmp/out --filesystem /srv/data,data,driver.type=virtiofs \
    --memorybacking source.type=memfd,access.mode=shared --print-xml
