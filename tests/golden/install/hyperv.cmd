virtprov-install --connect recorded://HOSTS/hyperv --name web --memory 1024 --osinfo debian12 --disk C:\\vms\\x.vhdx \
    --cdrom 'C:\iso\debian.iso' --print-xml
