virtprov-install --connect recorded://HOSTS/esx --name web --memory 1024 --osinfo debian12 --disk vol=datastore1/plain.vmdk \
    --disk size=20 --import --dry-run
