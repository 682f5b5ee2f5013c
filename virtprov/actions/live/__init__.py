"""What a change means for a running guest: documents in, calls of libvirt out."""
