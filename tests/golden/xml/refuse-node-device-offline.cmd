virtprov-xml --add-device --hostdev usb_1_1 < rich.xml
