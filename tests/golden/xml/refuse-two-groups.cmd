virtprov-xml web --edit --memory 5 --vcpus 2
