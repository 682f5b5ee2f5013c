virtprov-xml --edit --tpm version=2.0 < rich.xml
