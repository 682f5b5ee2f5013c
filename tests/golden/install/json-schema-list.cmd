virtprov-install --json-schema
