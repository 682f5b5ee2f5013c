virtprov-xml --undo --edit --vcpus 4
