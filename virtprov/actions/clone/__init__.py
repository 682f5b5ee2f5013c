"""virtprov-clone: from a request to a plan for a copy of a guest."""
