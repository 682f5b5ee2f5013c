virtprov-xml --remove-device --clock utc < rich.xml
