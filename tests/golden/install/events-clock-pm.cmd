virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --events on_crash=preserve --clock offset=localtime,rtc_tickpolicy=merge --pm suspend_to_mem.enabled=on \
    --print-xml
