virtprov-install --connect recorded://HOSTS/arm --name web --image debian13,copy=yes --image-mirror file://DATA/mirror \
    --cloud-init none --dry-run
