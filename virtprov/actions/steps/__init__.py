"""The steps that plans are made of. Each changes one thing on a host and returns its undo."""
