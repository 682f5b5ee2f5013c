"""Command lines in; text and exit codes out."""
