virtprov-xml --where "os/type/@arch = 'x86_64'" --state shutoff --edit --vcpus 4 --connect recorded://HOSTS/kvm
