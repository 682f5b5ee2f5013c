virtprov-xml --add-device --sound ich9 --sound usb --print-diff < rich.xml
