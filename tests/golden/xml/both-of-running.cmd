virtprov-xml db --edit --memory memory=256,maxmemory=2048 --edit --metadata title=Accounts --edit --boot menu=on \
  --both --output json --connect recorded://HOSTS/kvm
