virtprov-xml --remove-device --graphics type=spice --print-diff < rich.xml
