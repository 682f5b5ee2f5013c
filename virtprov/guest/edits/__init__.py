"""Changes of an existing guest that reach beyond one element."""
