virtprov-install --osinfo list=cirros
