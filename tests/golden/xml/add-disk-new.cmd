virtprov-xml web --add-device --disk size=5 --print-diff --connect recorded://HOSTS/kvm
