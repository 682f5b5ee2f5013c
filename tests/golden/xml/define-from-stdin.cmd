virtprov-xml --edit --metadata title=new --define --print-diff --connect recorded://HOSTS/kvm < plain.xml
