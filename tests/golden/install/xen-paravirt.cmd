virtprov-install --connect recorded://HOSTS/xen --name pv --osinfo debian12 --import --disk /dev/vg/root \
    --paravirt --print-xml
