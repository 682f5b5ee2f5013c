# nothing changes, but the host does not have it yet
virtprov-xml --edit --vcpus 1 --define --print-diff --connect recorded://HOSTS/kvm < plain.xml
