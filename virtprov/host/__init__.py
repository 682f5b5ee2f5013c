"""Hosts: connection, capabilities, inventory, recorded hosts. The only importer of libvirt."""

import os

# libvirt reads this when it is loaded. Its own warnings would stand before our sentences on standard error; who wants
# them, or more, sets the variable.
os.environ.setdefault("LIBVIRT_DEBUG", "4")
