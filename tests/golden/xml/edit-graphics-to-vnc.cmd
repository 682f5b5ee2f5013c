virtprov-xml --edit --graphics type=vnc --print-diff < rich.xml
