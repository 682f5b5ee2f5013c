virtprov-xml --edit --network boot.order=1 --print-diff < plain.xml
