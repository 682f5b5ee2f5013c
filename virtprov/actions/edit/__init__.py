"""virtprov-xml: from a request to changed definitions, of one guest or of many."""
