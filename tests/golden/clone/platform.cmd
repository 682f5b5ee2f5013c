virtprov-clone --original-xml platform.xml --auto-clone --print-xml --connect recorded://HOSTS/kvm
