virtprov-install --json-schema erorr --output json
