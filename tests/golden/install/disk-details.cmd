virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import \
    --disk /var/lib/libvirt/images/shared.img,shareable=on,serial=S1,boot.order=1,driver.iothread=1,iotune.read_iops_sec=100 \
    --iothreads 1 --print-xml
