"""virtprov: create, copy and modify libvirt guests.

`connect`, `install`, `clone`, `edit`, `remove` and `render` are for programs; docs/library.md shows how they are used.
Each name is loaded when it is first asked for: to import this package costs next to nothing.
"""

from __future__ import annotations

__version__ = "0.2.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.library.cloning import Cloned, Copy, clone
    from virtprov.library.connecting import connect
    from virtprov.library.edit_request import Change
    from virtprov.library.editing import Edited, EditedGuest, edit
    from virtprov.library.install_request import NewGuest
    from virtprov.library.installing import Installed, install, render
    from virtprov.library.listening import Listener
    from virtprov.library.removing import Removed, RemovedGuest, remove
    from virtprov.support.errors import (
        CommandError,
        Differs,
        FetchError,
        GuestBroken,
        HostError,
        InputError,
        MediaError,
        ProvError,
        UsageError,
        WaitTimeout,
        XmlError,
    )

__all__ = [
    "Change",
    "Cloned",
    "CommandError",
    "Copy",
    "Differs",
    "Edited",
    "EditedGuest",
    "FetchError",
    "GuestBroken",
    "Host",
    "HostError",
    "InputError",
    "Installed",
    "Listener",
    "MediaError",
    "NewGuest",
    "ProvError",
    "Removed",
    "RemovedGuest",
    "UsageError",
    "WaitTimeout",
    "XmlError",
    "clone",
    "connect",
    "edit",
    "install",
    "remove",
    "render",
]

_HOMES = {
    "virtprov.host.connection": ("Host",),
    "virtprov.library.cloning": ("Cloned", "Copy", "clone"),
    "virtprov.library.connecting": ("connect",),
    "virtprov.library.edit_request": ("Change",),
    "virtprov.library.editing": ("Edited", "EditedGuest", "edit"),
    "virtprov.library.listening": ("Listener",),
    "virtprov.library.install_request": ("NewGuest",),
    "virtprov.library.installing": ("Installed", "install", "render"),
    "virtprov.library.removing": ("Removed", "RemovedGuest", "remove"),
}
"""Where each name is defined; errors, which are all the others, in support/errors.py."""


if not TYPE_CHECKING:  # with it, checkers would take every name for one of ours

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'virtprov' has no attribute '{name}'")
        home = next((module for module, names in _HOMES.items() if name in names), "virtprov.support.errors")
        value = getattr(__import__(home, fromlist=[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
