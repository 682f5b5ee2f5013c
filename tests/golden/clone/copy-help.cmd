virtprov-clone --copy help
