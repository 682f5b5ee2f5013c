virtprov-xml --build-xml --disk /srv/images/base.qcow2 --connect recorded://HOSTS/kvm
