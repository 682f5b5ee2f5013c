virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --qemu-commandline='-display gtk,gl=on' --qemu-commandline env=A=b --print-xml
