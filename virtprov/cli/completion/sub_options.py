"""Completion inside the value of an option group: names of sub-options, their known values, and names on the host."""

from __future__ import annotations

from virtprov.cli.completion import on_host
from virtprov.options.model import FLAG, NUMBER, Row, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.cli.completion.on_host import Known


def of_group(rows: Table, text: str, known: Known = on_host.nothing) -> list[str]:
    """Return the completions of a value of an option group: its last part is completed, also with names on the host."""
    before, comma, piece = text.rpartition(",")
    if any(before.count(quote) % 2 for quote in "'\""):
        return []
    given = before.split(",") if comma else []
    key, equals, value = piece.partition("=")
    if equals:
        hit = rows.find(key)
        words = _systems(rows.flag) if key in ("name", "short-id") else ()
        words = words or (_words(hit.row) if hit is not None else ())
        names = on_host.of_sub_option(rows.flag, key, value, given, known)
        candidates = [f"{key}={word}" for word in (*words, *names) if word.startswith(value)]
    else:
        words = _systems(rows.flag) if piece and not given else ()
        candidates = [word for word in (*words, *_lone(rows, given)) if word.startswith(piece)]
        candidates += _names(rows, piece, {word.partition("=")[0] for word in given})
    return [before + comma + word for word in candidates]


def _words(row: Row) -> tuple[str, ...]:
    """Return the values known to a row."""
    return row.values or ((row.kind.words or ()) if row.kind is not FLAG else ("yes", "no"))


_KINDS = {"osinfo": "os", "image": "image"}
"""Options that take names of the index, and their kind there."""


def _systems(flag: str) -> tuple[str, ...]:
    """Return names of systems or images from the index of earlier commands; XML files are not read for this."""
    if flag not in _KINDS:
        return ()
    from virtprov.osinfo.index import kept_names

    return tuple(sorted(name for name in kept_names(_KINDS[flag]) if "/" not in name))


def _lone(rows: Table, used: list[str]) -> list[str]:
    """Return the words that can be used without a key: `none`, and values of the table's first keys."""
    words = ["none"] if rows.none and not used else []
    if rows.flag == "boot":
        from virtprov.options.boot import DEVICES

        words += [word for word in (*DEVICES, "uefi") if word not in used]
    elif rows.flag == "cpu" and not used:
        from virtprov.options.cpu import MODES

        words += MODES
    if len(used) < len(rows.first) and not any("=" in word for word in used):
        hit = rows.find(rows.first[len(used)])
        words += [word for word in (_words(hit.row) if hit is not None else ()) if word not in words]
    return words


def _names(rows: Table, piece: str, given: set[str]) -> list[str]:
    """Return the names that start with the given part: whole ones with `=`, or up to the next dot if several share it.

    Older names are only included if no other name matches.
    """
    lone = set(_lone(rows, []))
    shown = [row for row in rows.rows if not row.hidden and row.name not in lone]
    found = [_fill_numbers(row.name, piece) for row in shown]
    fits = [name for name in found if name.startswith(piece) and name not in given]
    if not fits and piece:
        fits = [
            old for row in shown for old in (_fill_numbers(name, piece) for name in row.old) if old.startswith(piece)
        ]
    start = piece.rfind(".") + 1
    heads: dict[str, list[str]] = {}
    for name in fits:
        head, dot, _ = name[start:].partition(".")
        heads.setdefault(name[:start] + head + dot, []).append(name)
    return sorted(head if head.endswith(".") and len(names) > 1 else f"{names[0]}=" for head, names in heads.items())


def _fill_numbers(name: str, piece: str) -> str:
    """Return a row's name with the numbers typed so far, 0 for missing ones."""
    parts = name.split(NUMBER)
    made = parts[0]
    for part in parts[1:]:
        rest = piece[len(made) :] if piece.startswith(made) else ""
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        made += (digits or "0") + part
    return made
