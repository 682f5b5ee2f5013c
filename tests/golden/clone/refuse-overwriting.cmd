virtprov-clone -o web -n two --file /srv/images/base.qcow2 --check all=off --connect recorded://HOSTS/kvm
