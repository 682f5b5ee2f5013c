"""Detect which operating system a medium holds: an ISO, an installation tree, a disk image."""
