virtprov-clone --original-xml cloud.xml --name web2 --auto-clone --identity keep --print-xml --connect recorded://HOSTS/kvm
