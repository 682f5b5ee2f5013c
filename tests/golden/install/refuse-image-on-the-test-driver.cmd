virtprov-install --connect test:///default --name web --image debian13 --image-mirror file://DATA/mirror
