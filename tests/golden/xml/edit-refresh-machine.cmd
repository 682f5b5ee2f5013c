virtprov-xml --edit --boot refresh-machine-type=yes --print-diff < rich.xml
