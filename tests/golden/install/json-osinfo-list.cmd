virtprov-install --osinfo list=cirros --output json
