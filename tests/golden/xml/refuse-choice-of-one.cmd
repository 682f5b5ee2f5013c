virtprov-xml --edit 2 --cpu host-model < rich.xml
