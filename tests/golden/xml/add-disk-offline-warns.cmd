virtprov-xml --add-device --disk size=5 --print-diff < rich.xml
