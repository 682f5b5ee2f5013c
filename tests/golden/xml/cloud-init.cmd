virtprov-xml web --cloud-init hostname=there --print-diff --connect recorded://HOSTS/kvm
