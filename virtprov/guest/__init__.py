"""What a guest is: its document, its options, its defaults. Changes nothing on any host."""
