virtprov-clone --original web -n two --file /srv/images/base.qcow2 --preserve-data --dry-run --connect recorded://HOSTS/kvm
