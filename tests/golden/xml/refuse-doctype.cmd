virtprov-xml --edit --memory 5 < doctype.xml
