"""Check a new guest before anything is created: its draft, its disks, its host and the files of this machine."""
