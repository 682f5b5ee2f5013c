virtprov-install --cloud-init help --check help
