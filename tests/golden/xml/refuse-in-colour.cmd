virtprov-xml --connect test:///default tset --edit --memory 300 --color always
