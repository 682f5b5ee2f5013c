virtprov-xml --file plain.xml --edit --vcpus 7 --print-diff
