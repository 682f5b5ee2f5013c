virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk size=1 \
    --disk size=1,bus=scsi --disk size=1,bus=sata --disk size=1,bus=usb,removable=on --disk device=floppy \
    --disk /srv/media/drivers.iso,device=cdrom --print-xml
