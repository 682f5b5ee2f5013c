"""Bring images to this machine: download, unpack and check them."""
