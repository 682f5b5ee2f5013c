# the answers are on a small disk, which the finished guest does not have
virtprov-install --connect recorded://HOSTS/kvm --name web --memory 4096 --disk none --network none --graphics none \
  --osinfo fedora40 --cdrom https://example.org/fedora.iso --unattended profile=jeos,user=ana --print-xml
