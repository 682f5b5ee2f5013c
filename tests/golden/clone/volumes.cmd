virtprov-clone --original-xml volume-disk.xml --auto-clone --force-copy vdc --print-xml --connect recorded://HOSTS/kvm
