virtprov-xml db "w*" --edit --memory 1024 --print-diff --connect recorded://HOSTS/kvm
