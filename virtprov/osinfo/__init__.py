"""The OS-profile database: read, look up, detect."""
