virtprov-xml --edit --osinfo debian12 --memory 5 < rich.xml
