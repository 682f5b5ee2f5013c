virtprov-xml web --state "shut off" --edit --vcpus 3 --print-xml --connect recorded://HOSTS/kvm
