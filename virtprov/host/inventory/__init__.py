"""What is on a host: guests, networks, storage, secrets, devices; looked up and changed."""
