"""Disks: what `--disk` asks for, where the data is stored, and which volumes must be created."""
