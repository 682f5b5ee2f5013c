virtprov-clone
