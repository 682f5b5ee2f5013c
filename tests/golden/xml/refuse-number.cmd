virtprov-xml --edit 5 --disk cache=none < rich.xml
