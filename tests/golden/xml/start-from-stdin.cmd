virtprov-xml --edit --metadata title=new --start --print-diff --connect recorded://HOSTS/kvm < plain.xml
