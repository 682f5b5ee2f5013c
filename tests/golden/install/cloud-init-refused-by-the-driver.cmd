virtprov-install --connect recorded://HOSTS/kvm --name seeded --osinfo debian12 --disk pool=images,size=1 \
    --cloud-init user-data=user-data.yaml
