virtprov-install --connect recorded://HOSTS/kvm --osinfo debian12 --import --disk /srv/images/web.qcow2
