virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --disk size=5 --arch riscv64 --import \
    --print-xml
