virtprov-xml --edit --memory 5 < pool.xml
