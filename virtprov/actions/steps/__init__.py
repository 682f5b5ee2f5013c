"""The steps that plans consist of. Each changes one thing on a host and returns its undo."""
