virtprov-install --connect recorded://HOSTS/kvm --name web --memory 4096 --disk none --osinfo win11 \
  --cdrom https://example.org/cd.iso --unattended --package vim --print-xml
