"""Disk images by name: where they are, what they are, and how they are verified."""
