virtprov-xml web --edit --convert-to-q35 --connect recorded://HOSTS/kvm
