virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --boot loader=/my/CODE.fd,loader_ro=yes,loader_type=pflash,nvram_template=/my/VARS.fd --print-xml
