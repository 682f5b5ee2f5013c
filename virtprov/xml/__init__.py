"""The templating core: tree, path, diff. The only importer of lxml."""
