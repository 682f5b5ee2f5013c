"""The words that say yes and no, in options and elsewhere."""

from __future__ import annotations

YES = ("yes", "y", "1", "true", "t", "on")
NO = ("no", "n", "0", "false", "f", "off")
