"""Where a new guest gets its operating system: which installer or image, in how many boots, with which files."""
