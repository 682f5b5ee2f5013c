"""Recorded hosts: a folder that answers like a host; writing one, and reading it."""
