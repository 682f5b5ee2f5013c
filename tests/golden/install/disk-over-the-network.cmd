virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import \
    --disk nbd://storage.example.com:10809/debian --disk https://example.com/cd.iso,device=cdrom --print-xml
