"""What a program can call: connect, install, clone, edit and render. The commands call the same functions."""
