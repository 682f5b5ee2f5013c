virtprov-install --connect recorded://HOSTS/desk --name seeded --osinfo debian12 --import --disk size=5 \
    --cloud-init --print-xml
