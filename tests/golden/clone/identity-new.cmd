virtprov-clone --original-xml cloud.xml --name web2 --auto-clone --print-xml --connect recorded://HOSTS/kvm
