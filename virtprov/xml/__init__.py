"""XML trees: parsing, paths, diffs. The only package that imports lxml."""
