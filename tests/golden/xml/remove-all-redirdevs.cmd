virtprov-xml --remove-device --redirdev all --print-diff < rich.xml
