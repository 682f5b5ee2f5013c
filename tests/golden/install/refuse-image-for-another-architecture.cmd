virtprov-install --connect test:///default --name web --image debian13 --arch i686 --image-mirror file://DATA/mirror \
    --print-xml
