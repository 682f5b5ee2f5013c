virtprov-install --connect recorded://HOSTS/desk --name web --image debian13 --image-mirror file://DATA/mirror \
    --disk size=20 --cloud-init none --print-xml
