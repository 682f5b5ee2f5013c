virtprov-install --connect recorded://HOSTS/esx --name web --memory 1024 --osinfo debian12 --disk size=20 \
    --disk "[datastore1] data/data.vmdk,size=5" --cdrom "[datastore1] iso/debian.iso" --print-xml
