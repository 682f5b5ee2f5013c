virtprov-install --connect test:///default --remove test --dry-run
