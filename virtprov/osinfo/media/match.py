"""Detect the operating system on a medium with the profiles' patterns for volume descriptors.

A pattern is a regular expression to be found anywhere in the text of a descriptor (as in libosinfo), but a match at the
start takes precedence. If several media match, the most specific one is chosen: with a volume id, with the exact size,
with more fixed characters; then the newest system that is not younger than the medium.

If none matches, patterns that contain the version of their system are tried with any other version, and any size: a
release newer than all known ones is taken for the newest known one before it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from virtprov.osinfo.media.match_pattern import beginnings, needle, weight
from virtprov.osinfo.media.systems import numbers
from virtprov.osinfo.pack import CELL, ROW, WORD, flag, pack_rows, pack_words, parse_number, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from virtprov.osinfo.media.iso_header import IsoIds
    from virtprov.osinfo.media.systems import SystemTable

Row = tuple[str, ...]

_VOLUME, _APPLICATION, _PUBLISHER, _SYSTEM = "vaps"
_SEARCH_FROM = 3  # fixed characters that a pattern needs to be searched inside an id


class Hit(NamedTuple):
    """A medium of a profile that matches an ISO."""

    os: str
    """The system's short id."""
    arch: str
    """As the database calls it; "" when the medium is for all."""
    variants: tuple[str, ...]
    live: bool
    installer: bool
    languages: tuple[str, ...]
    """Triples of text, "true" when the text is a pattern on the volume id, id of a datamap."""
    exact: bool
    """False when the release is a guess: newer than any that profiles know."""
    rank: tuple[int, ...]


class _Medium:
    """One row of the table, unpacked when it is used."""

    __slots__ = ("application", "arch", "flags", "languages", "os", "publisher", "size", "system", "variants", "volume")

    def __init__(self, row: str) -> None:
        cells = row.split(CELL)
        self.os, self.arch, self.variants, self.volume, self.system = cells[2:7]
        self.publisher, self.application, size, live, installer, self.languages = cells[7:]
        self.size = parse_number(size) or 0
        self.flags = (flag(live), flag(installer, True))

    def patterns(self) -> tuple[str, str, str, str]:
        return self.volume, self.application, self.publisher, self.system


def pack_media(systems: Iterable[tuple[str, Iterable[Row]]]) -> str:
    """Return the table for `MediaTable`: short ids with rows of media, as read by `profile_tables.Media`."""
    table: list[Row] = []
    for os_name, rows in systems:
        for row in rows:
            arch, _, variants, volume, system, publisher, application, size = row[:8]
            keyed = ((_VOLUME, volume), (_APPLICATION, application), (_PUBLISHER, publisher), (_SYSTEM, system))
            letter, pattern = next((pair for pair in keyed if pair[1]), ("", ""))
            if letter:
                keys = pack_words([letter + text for text in beginnings(pattern)])
                table.append((keys, needle(pattern), os_name, arch, variants, volume, system, publisher, application,
                              size, row[10], row[11], row[16]))  # fmt: skip
    return pack_rows(table)


class MediaTable:
    """All media of all profiles."""

    def __init__(self, packed: str) -> None:
        self._by_key: dict[str, list[str]] = {}
        self._rows = packed.split(ROW) if packed else []
        for row in self._rows:
            keys = row[: row.index(CELL)]
            for key in keys.split(WORD) if WORD in keys else (keys,):
                self._by_key.setdefault(key, []).append(row)
        self._patterns: dict[str, re.Pattern[str] | None] = {}
        self._needles: dict[str, list[str]] | None = None
        self._skeletons: dict[str, list[_Skeleton]] = {}

    def match(self, ids: IsoIds, systems: SystemTable) -> Hit | None:
        """Return the best match, or None. `systems` has the dates and versions of systems."""
        for hits in self._rounds(ids, systems):
            if hits:
                return self._best(hits, ids, systems)
        return None

    def _rounds(self, ids: IsoIds, systems: SystemTable) -> Iterator[list[Hit]]:
        """Yield the matches of each way of searching, the most reliable first."""
        yield [self._hit(medium, ids) for medium in self._likely(ids) if self._fits(medium, ids, from_start=True)]
        yield [self._hit(medium, ids) for medium in self._anywhere(ids) if self._fits(medium, ids, from_start=False)]
        yield self._newer(ids, systems)

    def _likely(self, ids: IsoIds) -> Iterator[_Medium]:
        """Yield media whose pattern can match at the start of the id."""
        texts = (
            (_VOLUME, ids.volume_id), (_APPLICATION, ids.application_id), (_PUBLISHER, ids.publisher_id),
            (_SYSTEM, ids.system_id),
        )  # fmt: skip
        for letter, text in texts:
            for end in range(len(text) + 1):
                for row in self._by_key.get(letter + text[:end], ()):
                    if end or _has_literal(row, text):
                        yield _Medium(row)

    def _anywhere(self, ids: IsoIds) -> Iterator[_Medium]:
        """Yield media whose pattern has enough fixed characters to be searched inside an id."""
        if self._needles is None:
            self._needles = {}
            for row in self._rows:
                text = row.split(CELL, 2)[1]
                if row[0] == _VOLUME and len(text) >= _SEARCH_FROM:
                    self._needles.setdefault(text, []).append(row)
        for text, rows in self._needles.items():
            if text in ids.volume_id:
                yield from map(_Medium, rows)

    def _fits(self, medium: _Medium, ids: IsoIds, from_start: bool) -> bool:
        """Return whether size and all patterns of a medium match; with `start`, that of the volume id at its start."""
        if medium.size not in (0, ids.size):
            return False
        if medium.volume:
            pattern = self.compile(medium.volume)
            if not pattern or not (pattern.match if from_start else pattern.search)(ids.volume_id):
                return False
        return (
            self._is_match(medium.system, ids.system_id)
            and self._is_match(medium.publisher, ids.publisher_id)
            and self._is_match(medium.application, ids.application_id)
        )

    def _is_match(self, pattern: str, text: str) -> bool:
        if not pattern or pattern == text:
            return True
        compiled = self.compile(pattern)
        return bool(compiled and compiled.search(text))

    def compile(self, pattern: str) -> re.Pattern[str] | None:
        """Return the compiled pattern; None if it is not a regular expression."""
        if pattern not in self._patterns:
            try:
                self._patterns[pattern] = re.compile(pattern)
            except re.error:
                self._patterns[pattern] = None
        return self._patterns[pattern]

    def _hit(self, medium: _Medium, ids: IsoIds) -> Hit:
        rank = (
            bool(medium.volume),
            bool(medium.size) and medium.size == ids.size,
            sum(weight(pattern) for pattern in medium.patterns()),
        )
        live, installer = medium.flags
        arch = "" if medium.arch == "all" else medium.arch
        return Hit(medium.os, arch, words(medium.variants), live, installer, words(medium.languages), True, rank)

    def _best(self, hits: list[Hit], ids: IsoIds, systems: SystemTable) -> Hit:
        if len({hit.os for hit in hits}) > 1:
            text = f"{ids.volume_id} {ids.application_id}"
            whole = [hit for hit in hits if not _cut(systems.version(hit.os), text)]
            hits = whole or hits
        top = max(hit.rank for hit in hits)
        equals = [hit for hit in hits if hit.rank == top]
        if len({hit.os for hit in equals}) > 1:
            known = {hit.os: systems.released(hit.os) for hit in equals}
            past = [hit for hit in equals if not ids.created or known[hit.os] <= ids.created]
            newest = max(past or equals, key=lambda hit: known[hit.os])
            equals = [hit for hit in equals if hit.os == newest.os]
        return _common(equals)

    def _newer(self, ids: IsoIds, systems: SystemTable) -> list[Hit]:
        """Return media that match with another version of their system; those of the nearest older release."""
        results: list[tuple[tuple[int, ...], Hit]] = []
        for letter, text in ((_VOLUME, ids.volume_id), (_APPLICATION, ids.application_id)):
            for skeleton in self._skeletons_for(letter + text, systems):
                version = self._version(skeleton, text)
                if version >= skeleton.version and self._fits_loosely(skeleton.medium, ids):
                    name, known = systems.newest_before(skeleton.medium.os, version)
                    hit = self._hit(skeleton.medium, ids)._replace(os=name, exact=version == known)
                    results.append((known, hit))
        nearest = max((version for version, _ in results), default=())
        return [hit for version, hit in results if version == nearest]

    def _skeletons_for(self, text: str, systems: SystemTable) -> list[_Skeleton]:
        """Return the skeletons of all media whose key begins like this, if all numbers count as equal."""
        head = _head(text)
        if head not in self._skeletons:
            results: dict[str, None] = {}
            for key, rows in self._by_key.items():
                if len(head) > _SEARCH_FROM and _head(key) == head:
                    results.update(dict.fromkeys(rows))
            self._skeletons[head] = [result for row in results if (result := _skeleton(_Medium(row), systems))]
        return self._skeletons[head]

    def _version(self, skeleton: _Skeleton, text: str) -> tuple[int, ...]:
        pattern = self.compile(skeleton.pattern)
        match = pattern.match(text) if pattern else None
        return numbers(match.group("release")) if match else ()

    def _fits_loosely(self, medium: _Medium, ids: IsoIds) -> bool:
        """Return whether the other ids match if any number can replace any other."""
        pairs = [(medium.system, ids.system_id), (medium.publisher, ids.publisher_id)]
        if medium.volume:
            pairs.append((medium.application, ids.application_id))
        return all(self._is_match(re.sub(r"(?<![\\\[{,-])\d+", r"\\d+", pattern), text) for pattern, text in pairs)


class _Skeleton(NamedTuple):
    """The pattern of a medium with a group instead of the version of its system."""

    pattern: str
    version: tuple[int, ...]
    medium: _Medium


def _skeleton(medium: _Medium, systems: SystemTable) -> _Skeleton | None:
    """Return the skeleton of a medium; None if its pattern does not contain the version, or little else."""
    version = systems.version(medium.os)
    pattern = medium.volume or medium.application
    holed = _replace_version(pattern, version) or _replace_version(pattern, version.partition(".")[0])
    return _Skeleton(holed, numbers(version), medium) if weight(holed) >= _SEARCH_FROM else None


def _replace_version(pattern: str, version: str) -> str:
    """Return the pattern with a named group instead of the version; "" if it does not contain the version."""
    parts = re.split(r"[._-]", version)
    if not all(part.isdecimal() for part in parts):
        return ""
    spelled = r"\\?[._-](SP)?".join(parts)
    hole = "(?P<release>" + "[._-](?:SP)?".join([r"\d+"] * len(parts)) + ")"
    holed, count = re.subn(rf"(?<![\d.\\]){spelled}(?![\d\]])", lambda _: hole, pattern, count=1)
    return holed if count else ""


def _head(text: str) -> str:
    return re.sub(r"\d+", "0", text)[: 1 + _SEARCH_FROM]


def _common(hits: list[Hit]) -> Hit:
    """Return what media of one system have in common: no architecture if there are several, and all their variants."""
    first = hits[0]
    arch = first.arch if all(hit.arch == first.arch for hit in hits) else ""
    return first._replace(arch=arch, variants=tuple(dict.fromkeys(word for hit in hits for word in hit.variants)))


def _cut(version: str, text: str) -> bool:
    """Return whether a version is only the beginning of a longer one in a text: 7.2 in `RHEL-7.26`."""
    parts = re.split(r"[._-]", version)
    if not all(part.isdecimal() for part in parts):
        return False
    spelled = r"(?<!\d)" + "[._-]".join(parts)
    return bool(re.search(spelled, text)) and not re.search(spelled + r"(?!\d)", text)


def _has_literal(row: str, text: str) -> bool:
    """Return whether the text contains the literal that every match of the row's pattern contains."""
    begin = row.index(CELL) + 1
    return row[begin : row.index(CELL, begin)] in text
