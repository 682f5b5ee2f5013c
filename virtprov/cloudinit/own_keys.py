"""The public ssh keys of the user who runs the command: those of ssh-agent, otherwise those in ~/.ssh."""

from __future__ import annotations

import os
from typing import NamedTuple

from virtprov.cloudinit.guest_words import AGENT
from virtprov.support.errors import InputError, ProvError

PATTERN = ("id_", ".pub")
_LARGEST = 64 * 1024
_MOST = 20


class OwnKeys(NamedTuple):
    """Public keys, and where they are from, for messages."""

    keys: tuple[str, ...]
    source: str


def find_own_keys() -> OwnKeys:
    """Return the caller's public keys and where they are; no keys if there are none."""
    from virtprov.cloudinit.value_sources import Reader

    try:
        return OwnKeys(Reader().keys("ssh-key", AGENT), "ssh-agent")
    except InputError:
        return _keys_in_files(os.path.join(os.path.expanduser("~"), ".ssh"))


def _keys_in_files(folder: str) -> OwnKeys:
    from virtprov.cloudinit.value_sources import Source, read_keys
    from virtprov.support.file_access.files import read_bytes

    start, end = PATTERN
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith(start) and name.endswith(end))
    except OSError:
        return OwnKeys((), "")
    keys: dict[str, None] = {}
    used = []
    for name in names[:_MOST]:
        path = os.path.join(folder, name)
        try:
            result = read_keys(Source(f"'{path}'", read_bytes(path, limit=_LARGEST, what="ssh key")))
        except ProvError:  # not a key, or not readable: it was not asked for by name
            continue
        keys.update(dict.fromkeys(result))
        used.append(f"~/.ssh/{name}")
    return OwnKeys(tuple(keys), ", ".join(used))
