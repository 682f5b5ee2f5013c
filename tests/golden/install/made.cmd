virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk size=5 --noautoconsole
