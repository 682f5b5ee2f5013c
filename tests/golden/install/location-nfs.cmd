virtprov-install --connect recorded://HOSTS/kvm --name inst --memory 2048 --disk size=10 --graphics none --location nfs:server:/export/debian --print-xml
