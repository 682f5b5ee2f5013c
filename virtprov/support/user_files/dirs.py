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


def lacks_home(path: str) -> bool:
    """Return whether a folder would be in a home directory that does not exist, without being named by a variable.

    A home such as /nonexistent means that the account has none, and it is not created.
    """
    home = os.path.expanduser("~")  # stays "~" if neither $HOME nor the account has one
    if os.path.isabs(home) and os.path.isdir(home) or not _is_below(path, home):
        return False
    given = (os.environ.get(f"XDG_{what}_HOME", "") for what in ("CONFIG", "DATA", "STATE", "CACHE"))
    return not any(os.path.isabs(folder) and _is_below(path, folder) for folder in given)


def _is_below(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _folder(variable: str, usual: str) -> str:
    folder = os.environ.get(variable, "")
    return folder if os.path.isabs(folder) else os.path.join(os.path.expanduser("~"), usual)
