virtprov-clone --original-xml cloud.xml --auto-clone --identity keep --hostname shop --connect recorded://HOSTS/kvm
