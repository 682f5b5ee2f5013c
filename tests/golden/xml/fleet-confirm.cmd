virtprov-xml db web --edit --vcpus 3 --confirm --connect recorded://HOSTS/kvm < yes.txt
