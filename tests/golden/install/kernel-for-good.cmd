virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --disk size=10 \
    --boot 'kernel=/boot/vmlinuz,initrd=/boot/initrd.img,kernel_args=root=/dev/vda1 quiet' --print-xml
