virtprov-xml --edit 0x0781:0x5567 --hostdev boot.order=1 --print-diff < rich.xml
