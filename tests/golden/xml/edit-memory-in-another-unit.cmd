# memory is there in MiB already; the rest of the document counts in KiB
virtprov-xml --edit --memory memory=512,maxmemory=1024 --print-diff < rich.xml
