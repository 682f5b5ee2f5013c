"""The output of --explain: the facts of a ledger as lines."""

from __future__ import annotations

import re
from itertools import groupby
from textwrap import wrap

from virtprov.guest.rules.ledger import OPTION, Fact, Ledger
from virtprov.support.terminal.visible import on_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from virtprov.actions.request import InstallRequest

WIDTH = 100
"""The columns of entries that are not printed on a terminal."""
_COLUMN = 34
"""The usual width of paths, after which the writer is shown."""
HEADING = f"{'PART':{_COLUMN}}  WRITTEN BY"
_LEAST = 20
"""Columns that the writer keeps on a narrow terminal."""
_LONGEST = 60
"""The length to which values and options are cut."""
_BOXES = ("os", "features", "devices")
"""Elements that only exist for their children."""
_KINDS = {"hvm": "--hvm", "xen": "--paravirt", "exe": "--container"}


def ledger(request: InstallRequest, given: Mapping[str, str]) -> Ledger:
    """Return a ledger that knows the flags as they were typed; `given` is the result of `typed_flags`."""
    typed = {id(use.said): _flag(use.group, use.text) for use in request.uses}
    return Ledger(typed, {place: flag for place, flag in given.items() if place != "osinfo" or request.osinfo.name})


def typed_flags(args: Namespace) -> dict[str, str]:
    """Return flags other than option groups as they were typed, by the step that uses them or the path they set."""
    given = {
        "name": args.name and _flag("name", args.name),
        "osinfo": args.osinfo and _flag("osinfo", args.osinfo),
        "install-medium": args.cdrom and _flag("cdrom", args.cdrom),
        "cloud-init-seed": args.cloud_init is not None and _flag("cloud-init", args.cloud_init),
        "@type": args.virt_type and _flag("virt-type", args.virt_type),
        "os/type": _KINDS.get(args.os_type),
        "os/type/@arch": args.arch and _flag("arch", args.arch),
        "os/type/@machine": args.machine and _flag("machine", args.machine),
    }
    return {place: flag for place, flag in given.items() if flag}


def _flag(name: str, text: str) -> str:
    """Return a flag and its value as they were typed; passwords are masked."""
    from virtprov.support.log import MASK

    shown = re.sub(r"(passw(?:or)?d=)[^,]*", rf"\1{MASK}", text)
    return f"--{name} " + (f"'{shown}'" if " " in shown else shown) if shown else f"--{name}"


def lines(facts: list[Fact], width: int) -> list[str]:
    """Return an entry of at most `width` columns for each fact, unless that of its element covers it.

    Equal neighbours share an entry, and a rule gives its reason once.
    """
    writers = {fact.path: fact[2:] for fact in facts}
    rows: list[Fact] = []
    inside: dict[str, list[str]] = {fact.path: [f"= {_short(fact.value)}"] if fact.value else [] for fact in facts}
    for fact in facts:
        above, _, name = fact.path.rpartition("/")
        if fact.path in _BOXES:
            continue
        if above in _BOXES or writers.get(above) != fact[2:]:
            rows.append(fact)
        elif name.startswith("@"):
            inside[above].append(on_one_line(f"{name[1:]}={fact.value}"))
    told: set[str] = set()
    shown: list[str] = []
    for _, twins in groupby(rows, key=lambda fact: (re.sub(r"\[\d+\]$", "[]", fact.path), fact[1:])):
        run = list(twins)
        more = inside[run[0].path] if len(run) == 1 else []
        shown.append(_entry(_path_of(run), more, _words(run[0], run[0].rule in told), width))
        told.add(run[0].rule)
    return shown


def _path_of(run: list[Fact]) -> str:
    """Return the path of one or more equal facts: `devices/controller[2-16]`."""
    first, last = run[0].path, run[-1].path
    return first if len(run) == 1 else f"{first[:-1]}-{last.rpartition('[')[2]}"


def _words(fact: Fact, told: bool) -> tuple[str, str]:
    """Return the writer and its reason, and how to change that."""
    if fact.by == OPTION:
        return _short(fact.why), ""
    why = "" if told else f": {fact.why}"
    return f"rule '{fact.rule}'{why}", f"off: {fact.off}" if fact.off else ""


def _entry(left: str, more: list[str], words: tuple[str, str], width: int) -> str:
    """Return one line, or several with a hanging indent; of `more`, as much as fits."""
    for word in more:
        if word.startswith("= ") or len(left) + len(word) < _COLUMN:
            left += f" {word}"
    line = f"{left:<{_COLUMN}}  " + "   ".join(filter(None, words))
    if len(line) <= width:
        return line
    room = max(width - _COLUMN - 2, _LEAST)
    right = [part for word in words for part in wrap(word, room)]
    rows = [left, *right] if len(left) > _COLUMN else [f"{left:<{_COLUMN}}  {right[0]}", *right[1:]]
    return rows[0] + "".join(f"\n{'':{_COLUMN}}  {row}" for row in rows[1:])


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
