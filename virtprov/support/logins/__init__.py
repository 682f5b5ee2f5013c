"""What logins need: random passwords and their hashes, new ssh keys."""
