virtprov-xml --edit all --disk cache=none --print-diff < rich.xml
