virtprov-install --connect recorded://HOSTS/kvm --osinfo debian12 --import --disk size=1,pool=images,encryption.format=luks,encryption.secret.uuid=2ec115d7-3a88-3ceb-bc12-0ac909a6fd87 --print-xml
