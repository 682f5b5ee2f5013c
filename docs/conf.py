"""How Sphinx builds the site; tools/docs/build.py calls it."""

project = "virtprov"
author = "The virtprov authors"
copyright = "The virtprov authors, Apache License 2.0"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
exclude_patterns = [".doctrees"]
html_theme = "furo"
html_title = "virtprov"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
highlight_language = "text"
nitpicky = True
