virtprov-xml --remove-device --serial 1 --print-diff < rich.xml
