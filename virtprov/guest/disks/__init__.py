"""Disks: what `--disk` asks for, where the data is, and which volumes must be made."""
