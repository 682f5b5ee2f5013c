virtprov-xml --edit --disk cach=none < rich.xml
