virtprov-install --connect recorded://HOSTS/desk --name always --osinfo debian12 --import --disk none \
    --autostart --noautoconsole --output json
