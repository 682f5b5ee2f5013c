virtprov-install --connect recorded://HOSTS/kvm --name one --memory 512 --osinfo debian12 --import \
    --disk vol=images/web.qcow2,boot.order=1 --disk device=cdrom --boot hd,cdrom,network --check path_in_use=off --print-xml
