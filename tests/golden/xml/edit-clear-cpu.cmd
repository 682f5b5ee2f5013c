virtprov-xml --edit --cpu host-passthrough,clearxml=yes --print-diff < rich.xml
