"""Verify images: files of checksums, and their signatures."""
