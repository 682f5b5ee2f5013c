virtprov-install --connect recorded://HOSTS/kvm --name new --osinfo debian12 --disk none --import \
    --print-xml 2
