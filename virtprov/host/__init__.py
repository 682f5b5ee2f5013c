"""Hosts: connection, capabilities, inventory, recorded hosts. The only importer of libvirt."""

import os

# libvirt reads this when it is loaded. Its own warnings would appear before our messages on standard error; users who
# want them, or more, set the variable.
os.environ.setdefault("LIBVIRT_DEBUG", "4")
