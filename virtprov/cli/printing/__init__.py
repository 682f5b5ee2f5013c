"""How results and messages reach the standard streams."""
