virtprov-xml web --memory 5
