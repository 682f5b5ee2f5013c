"""The user's folders by the XDG base directory specification.

A value that is not an absolute path is ignored, as the specification says. Nothing is created here.
"""

from __future__ import annotations

import os


def config() -> str:
    """Return the folder for settings: $XDG_CONFIG_HOME, otherwise ~/.config."""
    return _folder("XDG_CONFIG_HOME", ".config")


def data() -> str:
    """Return the folder for data: $XDG_DATA_HOME, otherwise ~/.local/share."""
    return _folder("XDG_DATA_HOME", ".local/share")


def state() -> str:
    """Return the folder for records of earlier runs: $XDG_STATE_HOME, otherwise ~/.local/state."""
    return _folder("XDG_STATE_HOME", ".local/state")


def cache() -> str:
    """Return the folder for files that can be created again: $XDG_CACHE_HOME, otherwise ~/.cache."""
    return _folder("XDG_CACHE_HOME", ".cache")


def data_of_all() -> list[str]:
    """Return the folders for data of all users, the most important first.

    They are $XDG_DATA_DIRS, otherwise /usr/local/share and /usr/share.
    """
    folders = [path for path in os.environ.get("XDG_DATA_DIRS", "").split(":") if os.path.isabs(path)]
    return folders or ["/usr/local/share", "/usr/share"]


def _folder(variable: str, usual: str) -> str:
    folder = os.environ.get(variable, "")
    return folder if os.path.isabs(folder) else os.path.join(os.path.expanduser("~"), usual)
