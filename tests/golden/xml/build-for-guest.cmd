virtprov-xml web --build-xml --disk vol=images/base.qcow2 --connect recorded://HOSTS/kvm
