"""What is shown on a terminal: progress, tables, text from outside."""
