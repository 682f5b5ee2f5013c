virtprov-install --connect recorded://HOSTS/kvm --osinfo debian12 --import --disk vol=images/base.qcow2,as=volume --check path_in_use=off --print-xml
