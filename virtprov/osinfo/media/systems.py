"""The names, versions and dates by which detection tells releases apart; read at first use."""

from __future__ import annotations

import re
from typing import NamedTuple

from virtprov.osinfo.pack import CELL, ROW, pack_rows, pack_words, rows, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = tuple[str, ...]

UNKNOWN = "-unknown"
"""How the version of a profile for releases that are not known yet ends."""


class System(NamedTuple):
    """One operating system, with the fields that detection needs."""

    short_id: str
    name: str
    version: str
    distro: str
    codename: str
    """The first word, in small letters: `jammy`."""
    released: str
    """`YYYYMMDD`, or "" for what is not released."""
    variants: tuple[str, ...]
    """Pairs of id and name."""


def pack_systems(systems: Iterable[tuple[str, Row, Iterable[Row]]]) -> str:
    """Return the table for `SystemTable`: short id; name, version, distro, codename, release date; variants."""
    return pack_rows([
        (short_id, *told, pack_words([word for row in variants for word in row[:2]]))
        for short_id, told, variants in systems
    ])  # fmt: skip


class SystemTable:
    """All systems; `load` returns the packed table when it is first used."""

    def __init__(self, load: Callable[[], str]) -> None:
        self._load = load
        self._packed: str | None = None
        self._known: dict[str, System] | None = None

    @property
    def known(self) -> dict[str, System]:
        """Systems by short id."""
        if self._known is None:
            self._known = {row[0]: _system(row) for row in rows(self._text())}
        return self._known

    def get(self, short_id: str) -> System | None:
        """Return one system, without unpacking the others."""
        if self._known is not None:
            return self._known.get(short_id)
        text = self._text()
        start = f"{short_id}{CELL}"
        at = 0 if text.startswith(start) else text.find(f"{ROW}{start}") + 1
        if not at and not text.startswith(start):
            return None
        return _system(text[at:].partition(ROW)[0].split(CELL))

    def _text(self) -> str:
        if self._packed is None:
            self._packed = self._load()
        return self._packed

    def released(self, short_id: str) -> str:
        """Return the release date as `YYYYMMDD`; "" if unknown."""
        record = self.get(short_id)
        return record.released if record else ""

    def version(self, short_id: str) -> str:
        record = self.get(short_id)
        return record.version if record else ""

    def name(self, short_id: str, variants: tuple[str, ...] = ()) -> str:
        """Return the name of the variant if there is exactly one and it has a name, otherwise that of the system."""
        record = self.get(short_id)
        if not record:
            return ""
        named = dict(zip(record.variants[::2], record.variants[1::2], strict=False))
        return (named.get(variants[0]) if len(variants) == 1 else None) or record.name

    def by_codename(self, distro: str, codename: str) -> System | None:
        """Return the release of a distribution with this code name, ignoring case; only the first word is compared.

        `testing` and similar are looked up as short ids (`debiantesting`).
        """
        wanted = codename.lower().split(" ")[0]
        if wanted in ("stable", "devel"):
            return self.newest(distro)
        names = (wanted, distro + wanted)
        systems = [one for one in self._of(distro) if wanted and (one.codename == wanted or one.short_id in names)]
        return systems[0] if systems else None

    def by_version(self, distro: str, version: str) -> tuple[System, bool] | None:
        """Return the release with this version, or the newest one before it, and whether it is exactly this release.

        A known `12` is exact for `12.4`. A known `9.4` is a guess for `9.9`; a profile for unknown releases of `9` is
        used instead if there is one.
        """
        wanted = numbers(version)
        best: tuple[tuple[int, ...], System] | None = None
        for one in self._of(distro):
            mine = numbers(one.version)
            if mine and mine <= wanted and not one.version.endswith(UNKNOWN) and (best is None or mine > best[0]):
                best = mine, one
        if best and wanted[: len(best[0])] == best[0]:
            return best[1], True
        for one in self._of(distro):
            if wanted and one.version == f"{wanted[0]}{UNKNOWN}":
                return one, True
        return (best[1], False) if best else None

    def newest_before(self, short_id: str, version: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        """Return the newest release of a line up to a version, and its version; the system itself if there is none.

        A line are the systems whose short ids differ only in the version: `ol9.2`, `ol9.3`, `ol10.0`.
        """
        line = _line(self.known[short_id])
        mine = [
            (numbers(one.version), one.short_id)
            for one in self.known.values()
            if _line(one) == line and not one.version.endswith(UNKNOWN)
        ]
        known, name = max((row for row in mine if () < row[0] <= version), default=((), ""))
        return (name, known) if name else (short_id, version)

    def newest(self, distro: str) -> System | None:
        """Return the latest release of a distribution."""
        return max((one for one in self._of(distro) if one.released), key=lambda one: one.released, default=None)

    def _of(self, distro: str) -> list[System]:
        return [one for one in self.known.values() if one.distro == distro]


def numbers(version: str) -> tuple[int, ...]:
    """Return `9.4` as (9, 4), for comparisons; () for a version without numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _line(one: System) -> str:
    return one.short_id.removesuffix(one.version) if one.version else ""


def _system(row: list[str]) -> System:
    short_id, name, version, distro, codename, released, variants = row
    return System(
        short_id, name, version, distro, codename.lower().split(" ")[0], released.replace("-", ""), words(variants)
    )
