"""The catalogue of options: only tables, which need only the standard library."""
