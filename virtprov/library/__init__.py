"""The functions for programs: connect, install, clone, edit and render. The commands use them as well."""
