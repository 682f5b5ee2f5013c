virtprov-clone --original-xml plain.xml --auto-clone --skip-copy vda --print-xml --output json --connect recorded://HOSTS/kvm
