"""What a host can do, and what is on it: capabilities, and small frozen records."""
