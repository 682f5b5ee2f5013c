"""virtprov-xml: its flags, and what it prints."""
