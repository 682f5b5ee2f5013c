virtprov-xml --edit --vcpus 2 --print-diff < rich.xml
