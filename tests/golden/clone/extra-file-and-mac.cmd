virtprov-clone --original web -n two --file /srv/images/two.qcow2 --file /srv/images/three.qcow2 --mac RANDOM --mac RANDOM --dry-run --connect recorded://HOSTS/kvm
