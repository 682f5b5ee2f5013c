virtprov-install --json-schema --output json
