virtprov-install --connect test:///default --remove test --yes --output json
