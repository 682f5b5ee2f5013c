virtprov-install --test-media-detection DATA/tree
