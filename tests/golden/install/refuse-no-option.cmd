virtprov-install --connect test:///default
