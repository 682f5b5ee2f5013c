virtprov-xml --add-device --clock offset=utc < rich.xml
