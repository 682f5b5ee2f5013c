virtprov-xml web --template yes --print-diff --connect recorded://HOSTS/kvm
