"""virtprov-install: from a request to a plan, and what follows once the guest runs."""
