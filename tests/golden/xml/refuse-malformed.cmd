virtprov-xml --edit --memory 5 < bad.xml
