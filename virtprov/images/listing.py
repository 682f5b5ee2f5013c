"""The output of `--image list`: a table for people, objects for programs."""

from __future__ import annotations

from virtprov.osinfo.image_profiles import CloudImage, CloudSystem, all_systems
from virtprov.support.frozen import Record
from virtprov.support.terminal.visible import one_line

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_."
_NAME, _SYSTEM, _VARIANTS = 24, 34, 30  # column widths; longer texts overflow


class Entry(Record):
    """One system in the list: its names, the usual one first, and its images, each variant once."""

    system: CloudSystem
    names: tuple[str, ...]
    variants: tuple[CloudImage, ...]
    arches: tuple[str, ...]


def listing(word: str = "", warnings: list[str] | None = None) -> list[Entry]:
    """Return every system with images that can be downloaded, sorted by name, newest version first.

    With `word`, only those that contain it in a name or in the name of the system, ignoring case. Warnings about
    skipped profile files are added to `warnings`.
    """
    wanted = word.casefold()
    entries = [_entry(system) for system in all_systems(warnings)]
    kept = [
        entry
        for entry in entries
        if entry.variants and wanted in "\n".join((*entry.names, entry.system.name)).casefold()
    ]
    return sorted(kept, key=_order)


def _entry(system: CloudSystem) -> Entry:
    images = [image for image in system.images if image.url]
    variants: dict[str, CloudImage] = {}
    for image in images:
        variants.setdefault(image.variant, image)
    arches = dict.fromkeys(arch for image in images for arch, _ in image.arches)
    return Entry(system, (*system.names, *system.short_ids), tuple(variants.values()), tuple(arches))


def _order(entry: Entry) -> tuple[str, tuple[int, ...], str]:
    """Return the sort key of a name: its leading letters, then its numbers in descending order."""
    import re

    name = entry.names[0]
    rest = name.lstrip(_LETTERS)
    return name[: len(name) - len(rest)], tuple(-int(number) for number in re.findall("[0-9]+", rest)), name


def as_table(entries: list[Entry]) -> str:
    """Return headings and a line for each system: its name, what it is, its variants (usual one first), processors."""
    rows = [("IMAGE", "SYSTEM", "VARIANTS", "ARCHITECTURES")]
    for entry in entries:
        variants = ", ".join(image.variant for image in entry.variants)
        rows.append((entry.names[0], entry.system.name, variants, " ".join(entry.arches)))
    widths = (_NAME, _SYSTEM, _VARIANTS, 0)
    return "".join(
        "  ".join(f"{one_line(cell):{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )


def as_objects(entries: list[Entry]) -> list[dict[str, object]]:
    """Return the systems for JSON; what is not known is null."""
    return [
        {
            "name": entry.names[0],
            "names": list(entry.names),
            "os": entry.system.short_ids[0],
            "os_id": entry.system.os_id,
            "title": entry.system.name,
            "variants": [_variant(entry.system, image) for image in entry.variants],
        }
        for entry in entries
    ]


def _variant(system: CloudSystem, image: CloudImage) -> dict[str, object]:
    twins = [other for other in system.images if other.variant == image.variant and other.url]
    return {
        "variant": image.variant,
        "arches": [arch for other in twins for arch, _ in other.arches],
        "format": image.format or None,
        "default_user": image.user or None,
        "cpu": image.cpu or None,
        "firmware": list(image.firmware),
        "configured_by": image.config or None,
        "has_checksum": bool(image.checksums or image.index.url),
        "is_signed": bool(image.signature),
        "url": image.url,
    }
