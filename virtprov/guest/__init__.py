"""A guest: its XML, its options, its defaults. Changes nothing on any host."""
