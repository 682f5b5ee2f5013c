"""Files of this machine: opened, read, written, copied, and told apart."""
