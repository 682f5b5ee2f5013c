"""The longer tables of a profile: media, trees, images, variants, drivers. Each is unpacked when it is first used."""

from __future__ import annotations

from typing import NamedTuple

from virtprov.osinfo.pack import flag, parse_number, rows, words


class Media(NamedTuple):
    """One ISO. Its ids are regular expressions for the ids of the volume; "" matches all."""

    arch: str
    url: str
    variants: tuple[str, ...]
    volume_id: str
    system_id: str
    publisher_id: str
    application_id: str
    volume_size: int | None
    """Bytes, or None when any size will do."""
    kernel: str
    """Path on the medium, or ""."""
    initrd: str
    live: bool
    installer: bool
    """Whether the medium installs at all."""
    installer_script: bool
    """Whether an unattended installation from this medium works; False where there is no install script."""
    installer_reboots: int
    eject_after_install: bool
    script_ids: tuple[str, ...]
    """Install scripts for this medium only; () for those of the system."""
    languages: tuple[Language, ...]


class Language(NamedTuple):
    """A medium's language: plain text, or a regular expression on the volume id, with the id of a datamap."""

    text: str
    is_pattern: bool
    datamap: str


class Tree(NamedTuple):
    """One installation tree. The `treeinfo_*` are regular expressions for values in `.treeinfo`; "" matches all."""

    arch: str
    url: str
    variants: tuple[str, ...]
    kernel: str
    initrd: str
    boot_iso: str
    has_treeinfo: bool
    treeinfo_family: str
    treeinfo_variant: str
    treeinfo_version: str
    treeinfo_arch: str


class Image(NamedTuple):
    """One disk image that can be downloaded."""

    arch: str
    format: str
    url: str
    cloud_init: bool
    variants: tuple[str, ...]


class Variant(NamedTuple):
    """An edition of a system."""

    id: str
    name: str


class Driver(NamedTuple):
    """Drivers for an unattended installation: files under the URL `location`, for devices with these ids."""

    arch: str
    location: str
    pre_installable: bool
    signed: bool
    priority: int
    files: tuple[str, ...]
    devices: tuple[str, ...]


def _fits(row: list[str], arch: str) -> bool:
    return not arch or row[0] in (arch, "all", "")


def media(packed: str, arch: str = "", has_scripts: bool = True) -> tuple[Media, ...]:
    """Unpack rows of media; `has_scripts` tells whether the system itself lists install scripts."""
    return tuple(_media(row, has_scripts) for row in rows(packed) if _fits(row, arch))


def _media(row: list[str], has_scripts: bool) -> Media:
    arch, url, variants, volume, system, publisher, application, size, kernel, initrd = row[:10]
    live, installer, script, reboots, eject, scripts, languages = row[10:]
    listed = words(languages)
    return Media(
        arch, url, words(variants), volume, system, publisher, application, parse_number(size), kernel, initrd,
        flag(live), flag(installer, True), flag(script, bool(scripts) or has_scripts),
        parse_number(reboots) or 1, flag(eject, True),
        words(scripts),
        tuple(Language(listed[at], flag(listed[at + 1]), listed[at + 2]) for at in range(0, len(listed), 3)),
    )  # fmt: skip


def trees(packed: str, arch: str = "") -> tuple[Tree, ...]:
    """Unpack tree rows."""
    return tuple(
        Tree(row[0], row[1], words(row[2]), row[3], row[4], row[5], flag(row[6]), *row[7:11])
        for row in rows(packed)
        if _fits(row, arch)
    )


def images(packed: str, arch: str = "", format: str = "") -> tuple[Image, ...]:
    """Unpack image rows."""
    return tuple(
        Image(row[0], row[1], row[2], flag(row[3]), words(row[4]))
        for row in rows(packed)
        if _fits(row, arch) and format in ("", row[1])
    )


def variants(packed: str) -> tuple[Variant, ...]:
    """Unpack variant rows."""
    return tuple(Variant(row[0], row[1]) for row in rows(packed))


def drivers(packed: str, arch: str = "") -> tuple[Driver, ...]:
    """Unpack driver rows."""
    return tuple(
        Driver(
            row[0],
            row[1],
            flag(row[2]),
            flag(row[3], True),
            parse_number(row[4]) or 50,
            words(row[5]),
            words(row[6]),
        )  # fmt: skip
        for row in rows(packed)
        if _fits(row, arch)
    )
