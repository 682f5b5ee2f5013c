"""The functions for programs: connect, install, clone, edit, remove and render. The commands use them as well."""
