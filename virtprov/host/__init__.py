"""Hosts: connection, capabilities, inventory, recorded hosts. The only importer of libvirt."""
