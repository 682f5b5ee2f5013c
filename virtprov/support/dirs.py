"""The user's folders by the XDG base directory specification: settings, data, state, caches, what a session leaves.

A value that is not an absolute path counts as none, as the specification says. Nothing is made here.
"""

from __future__ import annotations

import os


def config() -> str:
    """Where settings are: $XDG_CONFIG_HOME, else ~/.config."""
    return _folder("XDG_CONFIG_HOME", ".config")


def data() -> str:
    """Where data is that stays: $XDG_DATA_HOME, else ~/.local/share."""
    return _folder("XDG_DATA_HOME", ".local/share")


def state() -> str:
    """Where programs keep what they know of earlier runs: $XDG_STATE_HOME, else ~/.local/state."""
    return _folder("XDG_STATE_HOME", ".local/state")


def cache() -> str:
    """Where files are that can be made anew: $XDG_CACHE_HOME, else ~/.cache."""
    return _folder("XDG_CACHE_HOME", ".cache")


def data_of_all() -> list[str]:
    """Where data for all users is, the first counts most: $XDG_DATA_DIRS, else /usr/local/share and /usr/share."""
    given = [path for path in os.environ.get("XDG_DATA_DIRS", "").split(":") if os.path.isabs(path)]
    return given or ["/usr/local/share", "/usr/share"]


def _folder(variable: str, usual: str) -> str:
    given = os.environ.get(variable, "")
    return given if os.path.isabs(given) else os.path.join(os.path.expanduser("~"), usual)
