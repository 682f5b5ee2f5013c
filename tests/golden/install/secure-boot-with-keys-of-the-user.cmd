virtprov-install --connect recorded://HOSTS/desk --name one --memory 512 --osinfo debian12 --import --disk none \
    --boot uefi,firmware.secure-boot=yes,firmware.enrolled-keys=no --print-xml
