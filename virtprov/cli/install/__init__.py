"""virtprov-install: its flags, and what it prints."""
