"""Which operating system an installer tree holds, by its `.treeinfo` and the patterns that profiles give.

A tree's `.treeinfo` is an ini file (the format of productmd and its forerunners): `[general]` names family,
variant, version and arch, or else `[release]` and `[tree]` do.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from virtprov.osinfo.media.arch_names import arch_name
from virtprov.osinfo.media.match_pattern import weight
from virtprov.osinfo.media.systems import numbers
from virtprov.osinfo.pack import pack_rows, rows, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.osinfo.media.systems import SystemTable

Row = tuple[str, ...]

Sections = dict[str, dict[str, str]]
"""An ini file: section -> key -> value, names of both in small letters."""


class TreeIds(NamedTuple):
    """What a tree says about itself; "" where it is silent."""

    family: str
    variant: str = ""
    version: str = ""
    arch: str = ""


class TreeHit(NamedTuple):
    """One tree of a profile that fits."""

    os: str
    """The system's short id."""
    arch: str
    variants: tuple[str, ...]
    exact: bool
    """False when the release is a guess, newer than any that profiles know."""


class _Tree(NamedTuple):
    os: str
    arch: str
    variants: str
    family: str
    variant: str
    version: str
    tree_arch: str


def parse_ini(text: str) -> Sections:
    """The sections of a `.treeinfo`. Lines that make no sense are passed over."""
    results: Sections = {}
    section: dict[str, str] = {}
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]"):
            section = results.setdefault(bare[1:-1].strip().lower(), {})
        elif bare and bare[0] not in "#;":
            name, equals, value = bare.partition("=")
            if not equals:
                name, equals, value = bare.partition(":")
            if equals:
                section[name.strip().lower()] = value.strip()
    return results


def tree_ids(sections: Sections) -> TreeIds | None:
    """What a `.treeinfo` says; None when it names no product."""
    general, release, tree = (sections.get(name, {}) for name in ("general", "release", "tree"))
    product = sections.get("product", {})
    family = general.get("family") or release.get("name") or product.get("name", "")
    if not family:
        return None
    return TreeIds(
        family,
        general.get("variant") or tree.get("variants", "").partition(",")[0],
        general.get("version") or release.get("version") or product.get("version", ""),
        general.get("arch") or tree.get("arch", ""),
    )


def pack_trees(systems: Iterable[tuple[str, Iterable[Row]]]) -> str:
    """The table for `TreeTable`: short ids with rows of trees as `virtprov.osinfo.profile_tables.Tree` reads them."""
    return pack_rows([
        (os_name, row[0], row[2], row[7], row[8], row[9], row[10])
        for os_name, table in systems
        for row in table
    ])  # fmt: skip


class TreeTable:
    """All trees of all profiles, ready for look-ups."""

    def __init__(self, packed: str) -> None:
        self._trees = [_Tree(*row) for row in rows(packed)]
        self._told: dict[tuple[str, str], int] = {}

    def match(self, ids: TreeIds, systems: SystemTable) -> TreeHit | None:
        """The tree that fits best, or None. `systems` tells the versions of systems.

        All patterns must be found in what the tree says. One that fits as a whole counts before one that fits
        in part, one that names a variant before one that does not.
        """
        fitting = [tree for tree in self._trees if tree.family and self._fits(tree, ids, tree.version)]
        if fitting:
            return _hit(max(fitting, key=lambda tree: self._rank(tree, ids)), ids, True)
        return self._newer(ids, systems)

    def _fits(self, tree: _Tree, ids: TreeIds, version: str) -> bool:
        return bool(
            self._tell(tree.family, ids.family)
            and self._tell(version, ids.version)
            and self._tell(tree.variant, ids.variant)
            and self._tell(tree.tree_arch, ids.arch)
        )

    def _tell(self, pattern: str, text: str) -> int:
        """3 when a pattern is all of the text, 2 its start, 1 when found inside, 0 when not; no pattern fits."""
        if not pattern:
            return 3
        key = (pattern, text)
        if key not in self._told:
            self._told[key] = _tell(pattern, text)
        return self._told[key]

    def _rank(self, tree: _Tree, ids: TreeIds) -> tuple[int, ...]:
        return (
            self._tell(tree.family, ids.family),
            self._tell(tree.version, ids.version),
            bool(tree.variant),
            self._tell(tree.variant, ids.variant),
            self._tell(tree.tree_arch, ids.arch),
            weight(tree.version),
        )

    def _newer(self, ids: TreeIds, systems: SystemTable) -> TreeHit | None:
        """A tree that fits but for its version; of the nearest older release."""
        wanted = numbers(ids.version)
        best: tuple[tuple[int, ...], tuple[int, ...], _Tree] | None = None
        for tree in self._trees:
            mine = numbers(systems.version(tree.os)) if tree.family else ()
            if mine and mine <= wanted and self._fits(tree, ids, ""):
                rank = (mine, self._rank(tree, ids), tree)
                if best is None or rank[:2] > best[:2]:
                    best = rank
        return _hit(best[2], ids, False) if best else None


def _tell(pattern: str, text: str) -> int:
    try:
        if re.fullmatch(pattern, text):
            return 3
        if re.match(pattern, text):
            return 2
        return 1 if re.search(pattern, text) else 0
    except re.error:
        return 0


def _hit(tree: _Tree, ids: TreeIds, exact: bool) -> TreeHit:
    arch = tree.arch if tree.arch not in ("", "all") else arch_name(ids.arch)
    return TreeHit(tree.os, arch, words(tree.variants), exact)
