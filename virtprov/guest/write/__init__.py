"""From option text to XML: parse sub-options; build, edit and match elements."""
