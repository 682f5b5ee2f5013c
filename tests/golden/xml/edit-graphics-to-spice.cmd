virtprov-xml --edit --graphics type=spice --print-diff --connect recorded://HOSTS/kvm < vnc.xml
