virtprov-xml --edit --memtune hard_limit=8388608 --print-diff < plain.xml
