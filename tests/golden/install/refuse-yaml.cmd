virtprov-install --connect recorded://HOSTS/kvm --name new --osinfo debian12 --disk pool=images,size=1 \
    --cloud-init user-data=bad.yaml
