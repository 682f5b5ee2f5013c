"""virtprov-xml: change the definitions of one guest or of many."""
