"""Check the documents of a seed: what kind they are, and whether cloud-init can use them."""
