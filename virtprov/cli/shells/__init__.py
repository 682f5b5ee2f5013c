"""The completion scripts for shells, and where each shell looks for them."""
