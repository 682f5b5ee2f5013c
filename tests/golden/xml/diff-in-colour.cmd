virtprov-xml --connect test:///default test --edit --memory 300 --print-diff --color always
