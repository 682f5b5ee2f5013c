virtprov-clone --original-xml systemd.xml --name web2 --auto-clone --identity new --hostname shop --print-xml --connect recorded://HOSTS/kvm
