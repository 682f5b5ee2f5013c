virtprov-xml --build-xml --memory 5
