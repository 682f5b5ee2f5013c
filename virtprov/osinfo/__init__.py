"""The database of OS profiles: reading, looking up and detecting operating systems."""
