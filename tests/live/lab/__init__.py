"""A libvirt host of its own for the live tests: private state, an isolated network, a Debian image."""
