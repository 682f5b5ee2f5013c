virtprov-install --connect recorded://HOSTS/kvm --name inst --memory 2048 --disk size=10 --graphics none --osinfo fedora40 \
    --location DATA/tree --cloud-init disable=on --print-xml
