virtprov-install --connect recorded://HOSTS/kvm --name inst --memory 2048 --disk size=10 --graphics none --location DATA/tree,kernel=images/vmlinux --print-xml
