virtprov-xml --remove-device --disk 1 --disk 2 --print-diff < plain.xml
