virtprov-xml web --edit --metadata name=other --connect recorded://HOSTS/kvm
