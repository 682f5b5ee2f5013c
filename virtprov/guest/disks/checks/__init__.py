"""Whether a disk can be used: free space, other guests, this machine itself, directories on the way."""
