"""From option text to XML: parsing sub-options, and building, editing and matching elements."""
