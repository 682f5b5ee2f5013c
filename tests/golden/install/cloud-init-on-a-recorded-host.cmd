virtprov-install --connect recorded://HOSTS/kvm --name seeded --osinfo debian12 \
    --disk pool=images,backing_store=/srv/images/base.qcow2 --cloud-init user-data=user-data.yaml
