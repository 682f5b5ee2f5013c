virtprov-xml --edit --memory 5 --update < rich.xml
