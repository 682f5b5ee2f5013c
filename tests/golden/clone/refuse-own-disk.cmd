virtprov-clone -o web -n two --file /srv/images/web.qcow2 --connect recorded://HOSTS/kvm
