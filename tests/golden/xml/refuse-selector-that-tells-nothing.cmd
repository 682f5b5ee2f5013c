virtprov-xml --edit size=5 --disk cache=none < rich.xml
