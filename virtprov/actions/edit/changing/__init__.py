"""Definitions as an edit reads and changes them; nothing is stored here."""
