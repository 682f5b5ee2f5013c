virtprov-clone --original web --name copy --file /srv/images/copy.qcow2 --dry-run --connect recorded://HOSTS/kvm
