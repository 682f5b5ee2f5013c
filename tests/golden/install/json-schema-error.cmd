virtprov-install --json-schema error
