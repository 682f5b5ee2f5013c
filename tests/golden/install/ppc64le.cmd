virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --disk size=5 --arch ppc64le --import \
    --print-xml
