virtprov-clone web --name two --copy vda,path=/srv/images/other.qcow2 --dry-run --output json --connect recorded://HOSTS/kvm
