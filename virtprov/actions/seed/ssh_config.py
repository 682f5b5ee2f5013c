"""Entries of guests in a file that the user named, in the form of ssh's configuration (ssh_config(5)).

An entry stands between two comments with the guest's name and UUID, by which it is found again. Whatever else is in the
file stays as it is, and the file is replaced at once.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from virtprov.support.errors import ProvError, UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.host.connection import Host

FLAG = "--ssh-config"
_BEGIN = re.compile(r"# virtprov: begin (\S+) ([0-9a-f-]{36})(?: on (.*))?")
_HOST = re.compile(r"\s*Host[\s=]+(.*)", re.I)
_LARGEST = 4 * 1024 * 1024


class Entry(Record):
    """An entry: the name for ssh, the guest's UUID, the URI of its host, and its lines `first` to `last`."""

    name: str
    uuid: str
    uri: str
    first: int
    last: int


def check(path: str, name: str) -> None:
    """Raise UsageError if the file has an entry with this name that virtprov did not write; InputError, ProvError."""
    lines = _read(path)
    _refuse_others(path, lines, _find(path, lines), name)


def add(
    path: str, name: str, uuid: str, settings: list[tuple[str, str]], host: Host, say: Callable[[str], None]
) -> None:
    """Write the entry of a guest with these settings to the file, in place of an older one with its name or UUID.

    `say` is told whose entry is replaced. Raises ProvError if the file cannot be changed.
    """

    def change(lines: list[str]) -> list[str]:
        entries = _find(path, lines)
        _refuse_others(path, lines, entries, name)
        for old in entries:
            if old.name == name and old.uuid != uuid:
                say(f"'{name}' in {path} was another guest ({old.uuid} on {old.uri}); its entry is replaced")
        kept = _without(lines, [old for old in entries if old.name == name or old.uuid == uuid])
        return [*kept, *([""] if kept and kept[-1].strip() else []), *_write_entry(name, uuid, settings, host.uri)]

    _change(path, host, say, change)


def remove(path: str, uuid: str, host: Host, say: Callable[[str], None]) -> bool:
    """Remove the entry of the guest with this UUID and return whether there was one. Raises ProvError."""
    if not os.path.lexists(path) or not any(entry.uuid == uuid for entry in _find(path, _read(path))):
        return False

    def change(lines: list[str]) -> list[str]:
        kept = _without(lines, [entry for entry in _find(path, lines) if entry.uuid == uuid])
        while kept and not kept[-1].strip():
            kept.pop()
        return kept

    _change(path, host, say, change)
    return True


def _write_entry(name: str, uuid: str, settings: list[tuple[str, str]], uri: str) -> list[str]:
    return [
        f"# virtprov: begin {name} {uuid} on {uri}",
        f"Host {name}",
        *(f"    {key} {value}" for key, value in settings),
        f"# virtprov: end {name} {uuid}",
    ]


def _find(path: str, lines: list[str]) -> list[Entry]:
    """Return every entry of virtprov in the file; raises ProvError for one whose end was removed."""
    entries = []
    for number, line in enumerate(lines):
        begin = _BEGIN.fullmatch(line.strip())
        if begin is None:
            continue
        end = f"# virtprov: end {begin[1]} {begin[2]}"
        last = next((at for at in range(number, len(lines)) if lines[at].strip() == end), None)
        if last is None:
            raise ProvError(
                f"{path}, line {number + 1}: the entry of '{begin[1]}' has no end",
                hint=f"remove the entry, or add the line '{end}' after it",
            )
        entries.append(Entry(begin[1], begin[2], begin[3] or "", number, last))
    return entries


def _refuse_others(path: str, lines: list[str], entries: list[Entry], name: str) -> None:
    own = _lines_of(entries)
    for number, line in enumerate(lines):
        match = _HOST.match(line)
        if number not in own and match is not None and name in match[1].replace('"', " ").split():
            raise UsageError(
                f"{FLAG}: {path}, line {number + 1}, has an entry '{name}' that virtprov did not write",
                hint="give the guest another name, or rename that entry",
            )


def _without(lines: list[str], entries: list[Entry]) -> list[str]:
    gone = _lines_of(entries)
    return [line for at, line in enumerate(lines) if at not in gone]


def _lines_of(entries: list[Entry]) -> set[int]:
    return {at for entry in entries for at in range(entry.first, entry.last + 1)}


def _read(path: str) -> list[str]:
    from virtprov.support.file_access.files import read_bytes

    if not os.path.lexists(path):
        return []
    data = read_bytes(path, limit=_LARGEST, what=f"{FLAG} file")
    return data.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n") if data else []


def _change(path: str, host: Host, say: Callable[[str], None], change: Callable[[list[str]], list[str]]) -> None:
    """Replace the contents of the file by those that `change` returns, while no other command changes it."""
    from virtprov.actions.run.artifacts.local_files import Download
    from virtprov.actions.run.trail import note_alone
    from virtprov.support.file_access.files import rewrite, writing
    from virtprov.support.user_files import lock

    target = os.path.realpath(path)
    # what a killed command leaves beside the file is named like that of a download
    with lock.take(f"file {target}", f"changing {path}", say), note_alone(host, Download(target, had=True)):
        lines = change(_read(path))
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
        if os.path.lexists(target):
            rewrite(target, data)
            return
        make_parent(target)
        with writing(target, mode=0o600) as temporary, open(temporary, "wb") as file:
            file.write(data)


def make_parent(path: str) -> None:
    """Create the folder of a file, for its owner alone. Raises ProvError."""
    from virtprov.support.user_files.private import make_folder

    try:
        make_folder(os.path.dirname(path))
    except OSError as problem:
        raise ProvError(f"cannot create {os.path.dirname(path)}: {problem.strerror}") from None


def is_read_by_ssh(path: str) -> bool:
    """Return whether ssh reads the file by itself: ~/.ssh/config, or one that it includes in front of its entries."""
    folder = os.path.join(os.path.expanduser("~"), ".ssh")
    own = os.path.join(folder, "config")
    if os.path.realpath(path) == os.path.realpath(own):
        return True
    import fnmatch

    try:
        lines = _read(own)
    except ProvError:
        return False
    for line in lines:
        words = line.replace("=", " ", 1).split()
        if words and words[0].lower() in ("host", "match"):
            return False
        if words and words[0].lower() == "include":
            patterns = [os.path.join(folder, os.path.expanduser(word.strip('"'))) for word in words[1:]]
            if any(fnmatch.fnmatch(path, pattern) for pattern in patterns):
                return True
    return False
