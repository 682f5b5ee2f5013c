virtprov-clone --original-xml cloud.xml --name web2 --auto-clone --start --wait --hostname shop --dry-run --output json --connect recorded://HOSTS/kvm
