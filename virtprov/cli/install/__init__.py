"""virtprov-install: its flags and its output."""
