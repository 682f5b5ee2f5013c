"""The checksums that a tree has for its files."""

from __future__ import annotations

import re

from virtprov.osinfo.media.install_tree import parse_ini

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.places.reading import Place

_LINE = re.compile(r"^(?P<digits>[0-9a-f]{64}|[0-9a-f]{128})\s+\*?(?:\./)?(?P<name>\S+)$", re.MULTILINE)
_CONTENT = re.compile(r"^HASH\s+SHA(?:256|512)\s+(?P<digits>[0-9a-f]+)\s+(?P<name>\S+)$", re.MULTILINE)


def find_checksum(place: Place, name: str, images: str) -> str:
    """Return the checksum of a file as "sha256:HEX"; "" if the tree has none. `images` as in `Layout.paths`.

    A `.treeinfo` has them in a section of its own, Debian's trees beside their MANIFEST, SUSE's in `CHECKSUMS` or
    `content`.
    """
    for treeinfo in (".treeinfo", "treeinfo"):
        checksum = parse_ini(_text(place, treeinfo)).get("checksums", {}).get(name.lower(), "")
        if re.fullmatch(r"sha(256|512):[0-9a-f]+", checksum):
            return checksum
    if images and name.startswith(images):
        return _listed(place, f"{images}SHA256SUMS", name.removeprefix(images), _LINE)
    if place.fetch("content"):
        return _listed(place, "CHECKSUMS", name, _LINE) or _listed(place, "content", name, _CONTENT)
    return ""


def _listed(place: Place, list_name: str, name: str, pattern: re.Pattern[str]) -> str:
    for match in pattern.finditer(_text(place, list_name)):
        if match["name"] == name and len(match["digits"]) in (64, 128):
            return f"{'sha256' if len(match['digits']) == 64 else 'sha512'}:{match['digits']}"
    return ""


def _text(place: Place, name: str) -> str:
    return (place.fetch(name) or b"").decode("utf-8", "replace")
