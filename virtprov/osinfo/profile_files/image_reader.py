"""Read where the cloud images of a system are: elements of our own in profile files.

    <images xmlns="urn:virtprov:image:1.0" os="http://debian.org/debian/13" user="debian">
      <image variant="generic" arch="x86_64=amd64 aarch64=arm64" format="qcow2">
        <url>https://cloud.debian.org/images/cloud/trixie/latest/debian-13-generic-{arch}.qcow2</url>
        ...

is beside `<os>`: libosinfo knows no addresses with a part that changes, no checksums and no signatures.
"""

from __future__ import annotations

from virtprov.osinfo.pack import words
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.xml.tree import Element

Row = tuple[str, ...]
SPACE = "urn:virtprov:image:1.0"
TAG = f"{{{SPACE}}}images"
ATTRIBUTES = ("variant", "arch", "format", "user", "cpu", "firmware", "seeds", "config", "port", "default")
"""Attributes of <image>; all but `variant` and `default` can also be those of <images>."""


INDEX_TYPES = ("fedora", "coreos", "oracle", "debian", "simplestreams", "pointer", "links")
"""Types of index files; `virtprov.images.indexes` reads them."""


class Group(Record):
    """What one <images> element has for one system: the id of the system, names for its images, and their rows."""

    os_id: str
    source: str
    names: tuple[str, ...]
    rows: tuple[Row, ...]


def read_images(node: Element, source: str) -> list[Group]:
    """Return what an <images> element of the file `source` has for each of its systems; the first gets the names."""
    common = {str(name): str(value) for name, value in node.attrib.items()}
    results = tuple(_read_image(child, common) for child in node.iterchildren(f"{{{SPACE}}}image"))
    names = tuple(node.get("names", "").split())
    return [Group(os_id, source, () if at else names, results) for at, os_id in enumerate(node.get("os", "").split())]


def _read_image(node: Element, common: dict[str, str]) -> Row:
    kids = {str(child.tag).rpartition("}")[2]: child for child in node.iterchildren("*")}

    def text(name: str) -> str:
        return " ".join((kids[name].text or "").split()) if name in kids else ""

    def get(name: str, attribute: str) -> str:
        return kids[name].get(attribute, "") if name in kids else ""

    return (
        *(node.get(name, common.get(name, "")) for name in ATTRIBUTES),
        text("url"), text("build"), text("checksums"),
        get("index", "type"), text("index"), get("index", "select"),
        get("builds", "type"), text("builds"), get("builds", "select"),
        text("signature"), get("signature", "of"), get("signature", "keyrings"),
    )  # fmt: skip


def from_libosinfo(images: Iterable[Row], user: str) -> list[Row]:
    """Return rows for libosinfo's own <image> elements that take cloud-init and can be downloaded."""
    results: dict[tuple[str, str], Row] = {}
    for arch, format, url, cloud_init, variants in images:
        if cloud_init == "true" and format in ("qcow2", "raw") and url.startswith(("http://", "https://")):
            variant = next(iter(words(variants)), "generic")
            empty = ("",) * 11
            results[variant, arch] = (variant, arch, format, user, "", "", "", "cloud-init", "", "", url, *empty)
    return list(results.values())
