virtprov-install --connect recorded://HOSTS/esx --name web --memory 1024 --osinfo debian12 --transient \
    --disk "[datastore1] plain.vmdk" --import --print-xml
