"""virtprov-clone: turn a request into a plan for a copy of a guest."""
