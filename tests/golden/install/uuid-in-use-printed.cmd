virtprov-install --connect recorded://HOSTS/kvm --name new --metadata uuid=9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e02 --osinfo debian12 --import --disk none --network none --graphics none --print-xml
