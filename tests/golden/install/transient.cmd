virtprov-install --connect recorded://HOSTS/desk --name brief --osinfo debian12 --import --disk size=1 \
    --transient --dry-run
