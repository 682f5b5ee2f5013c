virtprov-install --osinfo help
