virtprov-clone --original web -n two --file /srv/images/base.qcow2 --preserve-data --check path_in_use=off --dry-run --connect recorded://HOSTS/kvm
