virtprov-xml 1 --edit --vcpus 4 --print-diff --connect recorded://HOSTS/kvm
