"""Completion: what the scripts for shells ask the commands for when the user presses TAB."""
