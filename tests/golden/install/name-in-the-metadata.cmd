virtprov-install --connect recorded://HOSTS/kvm --name one --metadata name=two --memory 512 --osinfo debian12 --import \
    --disk none --network passt,network=default --print-xml
