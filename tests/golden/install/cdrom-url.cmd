virtprov-install --connect recorded://HOSTS/kvm --name inst --memory 2048 --disk size=10 --graphics none --osinfo generic \
    --cdrom https://example.org:8443/pool/cd.iso?version=1 --print-xml
