virtprov-xml web --add-device --network default --osinfo debian12 --print-diff --connect recorded://HOSTS/kvm
