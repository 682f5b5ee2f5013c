virtprov-xml db web --edit --vcpus 4 --output json --connect recorded://HOSTS/kvm
