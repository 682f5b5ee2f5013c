"""Read the files of OS profiles, check them and resolve them to records for the index."""
