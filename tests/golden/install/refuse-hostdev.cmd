virtprov-install --connect recorded://HOSTS/kvm --name one --memory 512 --osinfo debian12 --import --disk none \
    --host-device 0xdead:0xbeef --print-xml
