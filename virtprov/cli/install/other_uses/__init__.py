"""What virtprov-install does besides installing: one flag a file."""
