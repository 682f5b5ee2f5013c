virtprov-xml --edit -1 --redirdev boot.order=2 --print-diff < rich.xml
