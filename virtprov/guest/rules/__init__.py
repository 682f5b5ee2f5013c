"""What the rules for defaults work on, and the record of what they wrote."""
