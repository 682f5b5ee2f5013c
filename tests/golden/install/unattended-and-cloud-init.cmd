virtprov-install --connect recorded://HOSTS/kvm --name web --memory 4096 --disk none --osinfo fedora40 \
  --cdrom https://example.org/cd.iso --unattended --cloud-init --print-xml
