virtprov-xml --edit --memory 2048 --print-diff < rich.xml
