"""The output of `--osinfo list`: a table for people, names, or objects for programs."""

from __future__ import annotations

import re
from typing import NamedTuple

from virtprov.osinfo.find_profile import generic
from virtprov.osinfo.index import all_records
from virtprov.osinfo.pack import FIELD, words
from virtprov.support.terminal.visible import one_line

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_."
_NUMBER = re.compile("[0-9]+")
_IDS, _NAME, _DATE = 34, 44, 10  # column widths; longer texts overflow


class Entry(NamedTuple):
    """One operating system in the list."""

    short_ids: tuple[str, ...]
    name: str
    version: str
    release_date: str
    """`YYYY-MM-DD` or ""."""
    eol_date: str
    id: str
    family: str
    distro: str
    codename: str


def listing(word: str = "", warnings: list[str] | None = None) -> list[Entry]:
    """Return every system with a short id, sorted by name, newest version first; `generic` is always included.

    With `word`, only those that contain it in a short id, name, distribution or code name, ignoring case. Warnings
    about skipped profile files are added to `warnings`.
    """
    wanted = word.casefold()
    entries = [_entry(record) for record in all_records("os-id", warnings)]
    if all("generic" not in entry.short_ids for entry in entries):
        entries.append(_entry(generic().record))
    kept = [entry for entry in entries if entry.short_ids and wanted in _to_search_text(entry)]
    return sorted(kept, key=_order)


def _entry(record: str) -> Entry:
    """Return an entry from the first fields of a record; the others are not unpacked."""
    id, short_ids, name, version, _vendor, family, distro, codename, release, eol, _rest = record.split(FIELD, 10)
    return Entry(words(short_ids), name, version, release, eol, id, family, distro, codename)


def _to_search_text(entry: Entry) -> str:
    return "\n".join((*entry.short_ids, entry.name, entry.distro, entry.codename)).casefold()


def _order(entry: Entry) -> tuple[str, list[int], str]:
    """Return the sort key of a short id: its leading letters, then its numbers in descending order."""
    short = entry.short_ids[0]
    rest = short.lstrip(_LETTERS)
    numbers = [-int(number) for number in _NUMBER.findall(rest)]
    return short[: len(short) - len(rest)], [*numbers, 1], rest


def as_table(entries: list[Entry]) -> str:
    """Return headings and a line for each system: its short ids (the usual one first), name, release, end of life."""
    rows = [("SYSTEM", "NAME", "RELEASED", "SUPPORT ENDS")]
    rows += [(", ".join(entry.short_ids), entry.name, entry.release_date, entry.eol_date) for entry in entries]
    return "".join(
        f"{one_line(ids):{_IDS}}  {one_line(name):{_NAME}}  {released:{_DATE}}  {ends}".rstrip() + "\n"
        for ids, name, released, ends in rows
    )


def as_names(entries: list[Entry]) -> str:
    """Return one line for each system with its short ids, as printed by virt-install."""
    return "".join(one_line(", ".join(entry.short_ids)) + "\n" for entry in entries)


def as_objects(entries: list[Entry]) -> list[dict[str, object]]:
    """Return the systems for JSON; unknown dates are null."""
    return [
        {
            "short_id": entry.short_ids[0],
            "short_ids": list(entry.short_ids),
            "id": entry.id or None,
            "name": entry.name,
            "version": entry.version or None,
            "family": entry.family or None,
            "distro": entry.distro or None,
            "codename": entry.codename or None,
            "release_date": entry.release_date or None,
            "eol_date": entry.eol_date or None,
        }
        for entry in entries
    ]
