virtprov-install --identify user-data.yaml nothing.iso
