"""virtprov: create, copy and modify libvirt guests."""

__version__ = "0.1.0"
