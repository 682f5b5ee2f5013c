virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --metadata 'title=A title,description=some, words' --sysinfo bios.vendor=Acme --sysinfo system.serial=1234 \
    --print-xml
