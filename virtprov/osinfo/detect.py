"""Detect the contents of a medium: an ISO, a tree, a disk image. Tables are loaded from the index when needed."""

from __future__ import annotations

from typing import NamedTuple

from virtprov.osinfo.index import find_record
from virtprov.osinfo.media.iso_header import IsoIds, read_iso
from virtprov.osinfo.media.match import MediaTable
from virtprov.osinfo.media.systems import SystemTable
from virtprov.osinfo.pack import words
from virtprov.support.file_access.image_header import HEAD, PACKED, format_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.osinfo.media.disk_image import ImageHit, ImageTable
    from virtprov.osinfo.media.install_tree import TreeTable
    from virtprov.osinfo.media.tree_layouts import TreeFacts

    Read = Callable[[int, int], bytes]
    """Reads (offset, size); less at the end of the file."""
    Fetch = Callable[[str], bytes | None]
    """Reads a file of a tree; None when it is not there."""


class Detected(NamedTuple):
    """The detected contents of a medium; "" and () if unknown."""

    kind: str
    """One of KINDS."""
    os: str = ""
    """Short id of the operating system."""
    name: str = ""
    """Name of the variant or the system."""
    arch: str = ""
    variants: tuple[str, ...] = ()
    exact: bool = True
    """False when the release is a guess: newer than any that profiles know."""
    format: str = ""
    """`iso`, a disk format (`qcow2`, `raw` ...), or how a tree tells (`treeinfo`, `content` ...)."""
    volume_id: str = ""
    """The label of an ISO."""
    live: bool = False
    installs: bool = False
    """Whether an operating system can be installed from it."""
    bootable: bool | None = None
    """Whether an ISO has a boot record; None for anything else."""
    languages: tuple[str, ...] = ()
    """Languages of an ISO's installer, such as `en_US`."""


class Detector:
    """Detects any number of media with the same tables."""

    def __init__(self, warnings: list[str] | None = None) -> None:
        """Read nothing yet; warnings about skipped profiles are added to `warnings`."""
        self._warnings = warnings
        self._is_checked = False
        self._media: MediaTable | None = None
        self._trees: TreeTable | None = None
        self._images: ImageTable | None = None
        self._datamaps: dict[str, dict[str, str]] = {}
        self.systems = SystemTable(lambda: self._record("systems"))

    def _record(self, name: str) -> str:
        record = find_record("detect", name, self._warnings, checked=self._is_checked) or ""
        self._is_checked = True
        return record

    def file(self, read: Read, path: str = "") -> Detected:
        """Detect the contents of an ISO or disk image, read with `read`; its `path` may help.

        If the label of an ISO is unknown, it is checked for the files of an installation tree. Raises what `read`
        raises.
        """
        ids = read_iso(read)
        if not ids:
            return self.disk(read(0, HEAD), path)
        detected = self.iso(ids)
        if detected.os:
            return detected
        from virtprov.osinfo.media.iso_files import IsoFiles

        inside = self.tree(IsoFiles(read, ids).fetch, "")
        kind = "installer" if inside.os else "unknown"
        return inside._replace(kind=kind, format="iso", volume_id=ids.volume_id, bootable=ids.bootable)

    def iso(self, ids: IsoIds) -> Detected:
        """Return the contents of an ISO with these ids."""
        if self._media is None:
            self._media = MediaTable(self._record("media"))
        hit = self._media.match(ids, self.systems)
        if not hit:
            return Detected("unknown", format="iso", volume_id=ids.volume_id, bootable=ids.bootable)
        return Detected(
            "live" if hit.live else "installer",
            hit.os,
            self.systems.name(hit.os, hit.variants),
            hit.arch,
            hit.variants,
            hit.exact,
            "iso",
            ids.volume_id,
            hit.live,
            hit.installer,
            ids.bootable,
            self._languages(hit.languages, ids.volume_id),
        )

    def tree(self, fetch: Fetch, place: str) -> Detected:
        """Detect the contents of the installation tree at `place` (a path or a URL), whose files are read with `fetch`.

        Raises what `fetch` raises.
        """
        from virtprov.osinfo.media.tree_layouts import tree_facts

        facts = tree_facts(fetch, place)
        if not facts:
            return Detected("unknown")
        if facts.distro:
            return self._identify_named(facts)
        from virtprov.osinfo.media.arch_names import arch_name
        from virtprov.osinfo.media.install_tree import TreeTable

        if self._trees is None:
            self._trees = TreeTable(self._record("trees"))
        hit = self._trees.match(facts.ids, self.systems)
        if not hit:
            return Detected("tree", arch=arch_name(facts.ids.arch), format=facts.layout, installs=True)
        name = self.systems.name(hit.os, hit.variants)
        return Detected("tree", hit.os, name, hit.arch, hit.variants, hit.exact, facts.layout, installs=True)

    def disk(self, head: bytes, path: str) -> Detected:
        """Return the contents of a disk image: `head` is its first `HEAD` bytes, `path` its name."""
        format = format_of(head)
        hit = self._match_image(path) if format else None
        if not hit:
            return Detected("disk" if format and format not in PACKED else "unknown", format=format)
        name = self.systems.name(hit.os, hit.variants)
        return Detected("cloud image", hit.os, name, hit.arch, hit.variants, format=format)

    def _match_image(self, path: str) -> ImageHit | None:
        if self._images is None:
            from virtprov.osinfo.media.disk_image import ImageTable

            self._images = ImageTable(lambda: self._record("images"))
        return self._images.match(path, self.systems)

    def _identify_named(self, facts: TreeFacts) -> Detected:
        """Return the system of a tree that states its distribution and release."""
        codename, version, arch = facts.codename, facts.ids.version, facts.ids.arch
        system, exact = self.systems.by_codename(facts.distro, codename) if codename else None, True
        if not system and version:
            system, exact = self.systems.by_version(facts.distro, version) or (None, True)
        if not system:
            return Detected("tree", arch=arch, format=facts.layout, installs=True)
        return Detected("tree", system.short_id, system.name, arch, (), exact, facts.layout, installs=True)

    def _languages(self, told: tuple[str, ...], volume_id: str) -> tuple[str, ...]:
        """Return the languages of a medium; each entry is a text, whether it is a pattern, and the id of a datamap."""
        results = []
        for text, is_pattern, datamap in zip(told[::3], told[1::3], told[2::3], strict=False):
            language: str | None = text
            if is_pattern == "true":
                pattern = self._media.compile(text) if self._media else None
                match = pattern.search(volume_id) if pattern else None
                language = match[1] if match and match.re.groups else None
            if language:
                results.append(self._map_word(datamap, language))
        return tuple(dict.fromkeys(language for language in results if language))

    def _map_word(self, datamap: str, word: str) -> str:
        """Return the word that a datamap has for this one, "" for none; without a datamap the word itself."""
        if datamap and datamap not in self._datamaps:
            entries = words(find_record("datamap", datamap, self._warnings) or "")
            self._datamaps[datamap] = dict(zip(entries[::2], entries[1::2], strict=False))
        known = self._datamaps.get(datamap)
        return known.get(word, "") if known else word
