virtprov-clone --original-xml platform.xml --auto-clone --print-xml --output json --connect recorded://HOSTS/kvm
