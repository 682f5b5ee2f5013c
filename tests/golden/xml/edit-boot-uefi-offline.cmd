virtprov-xml --edit --boot uefi --print-diff < rich.xml
