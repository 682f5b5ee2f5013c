virtprov-xml --edit --boot secure-boot=off --print-diff --connect recorded://HOSTS/kvm < uefi.xml
