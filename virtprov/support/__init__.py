"""Errors, commands, files and other ground floor things."""
