"""Calls that may take long: run beside the caller, answered in time, and what the user is told meanwhile."""
