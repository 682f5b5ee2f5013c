"""Bytes to and from the volumes of a host, and their progress."""
