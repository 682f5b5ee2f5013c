virtprov-clone -o web -n two --file /srv/attic/two.qcow2 --connect recorded://HOSTS/kvm
