virtprov-xml --edit --boot uefi=off --print-diff < uefi.xml
