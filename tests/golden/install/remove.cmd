virtprov-install --connect test:///default --remove test --yes --force-off
