# usb_1_1 is 0781:5567 on the recorded host
virtprov-xml --edit usb_1_1 --hostdev boot.order=1 --print-diff --connect recorded://HOSTS/kvm < rich.xml
