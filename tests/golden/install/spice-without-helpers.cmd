virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none --graphics spice \
    --channel none --sound none --redirdev none --video none --print-xml
