"""Which operating system a medium holds: an ISO, an installer tree, a disk image."""
