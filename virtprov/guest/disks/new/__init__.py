"""New volumes for disks: their pool, name, size and format, and what is uploaded to them."""
