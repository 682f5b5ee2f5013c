virtprov-install --connect recorded://HOSTS/desk --osinfo win11 --import --disk none --tpm none --print-xml
