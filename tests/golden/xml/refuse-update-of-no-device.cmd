virtprov-xml db --edit --events on_crash=destroy --update --connect recorded://HOSTS/kvm
