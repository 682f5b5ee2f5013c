virtprov-install --connect recorded://HOSTS/kvm --name web --memory 4096 --disk none --osinfo freebsd14.0 \
  --cdrom https://example.org/cd.iso --unattended --print-xml
