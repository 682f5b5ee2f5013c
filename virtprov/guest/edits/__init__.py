"""Changes of an existing guest that affect more than one element."""
