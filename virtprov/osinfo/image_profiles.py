"""Where the cloud images of a system are and what they need: elements of our own in profile files.

    <images xmlns="urn:virtprov:image:1.0" os="http://debian.org/debian/13" user="debian">
      <image variant="generic" arch="x86_64=amd64 aarch64=arm64" format="qcow2">
        <url>https://cloud.debian.org/images/cloud/trixie/latest/debian-13-generic-{arch}.qcow2</url>
        ...

stands beside `<os>`: libosinfo knows no addresses with a part that changes, no checksums and no signatures.
"""

from __future__ import annotations

from virtprov.osinfo.pack import FIELD, pack_rows, pack_words, rows, words
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.resolve import MergedRecord
    from virtprov.xml.tree import Element

SPACE = "urn:virtprov:image:1.0"
TAG = f"{{{SPACE}}}images"
ATTRIBUTES = ("variant", "arch", "format", "user", "cpu", "firmware", "seeds", "config", "port", "default")
"""Attributes of <image>; all but `variant` and `default` can also be those of <images>."""


class Source(Record):
    """An index file: its type (see `virtprov.images.indexes`), its address, and which entry of it is meant."""

    type: str = ""
    url: str = ""
    select: str = ""


class CloudImage(Record):
    """One image of a system, for several architectures.

    `{arch}`, `{build}` and `{firmware}` in addresses stand for the architecture in the distribution's words, a build,
    and `bios` or `uefi`; `{file}` is the name of the image's file and `{stem}` the same without its last ending.
    Addresses without a scheme are relative to that of the image.

    url          the newest image; with {build} where that has to be looked up
    build_url    the image of one build
    checksums    files of checksums, in the order in which they are tried
    index        says which build is the newest, and its checksum
    builds       says which builds there are
    signature    of the first file of checksums; with `signs_image` that of the image itself
    keyrings     where packages of the distribution install its keys
    """

    variant: str
    arches: tuple[tuple[str, str], ...]
    format: str
    user: str
    cpu: str
    firmware: tuple[str, ...]
    seeds: tuple[str, ...]
    config: str
    port: int
    is_default: bool
    url: str
    build_url: str
    checksums: tuple[str, ...]
    index: Source
    builds: Source
    signature: str
    signs_image: bool
    keyrings: tuple[str, ...]

    def arch_word(self, arch: str) -> str | None:
        """Return the distribution's word for an architecture; None if there is no image for it."""
        return next((word for known, word in self.arches if known == arch), None)


class CloudSystem(Record):
    """An operating system with cloud images.

    `short_ids` are those of its profile, `names` are names for its images alone, the first of all is the one to show.
    """

    os_id: str
    short_ids: tuple[str, ...]
    names: tuple[str, ...]
    name: str
    images: tuple[CloudImage, ...]


class Group(Record):
    """What one <images> element has for one system: the id of the system, names for its images, and their rows."""

    os_id: str
    source: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_images(node: Element, source: str) -> list[Group]:
    """Return what an <images> element of the file `source` has for each of its systems; the first gets the names."""
    common = {str(name): str(value) for name, value in node.attrib.items()}
    found = tuple(_read_image(kid, common) for kid in node.iterchildren(f"{{{SPACE}}}image"))
    names = tuple(node.get("names", "").split())
    return [Group(os_id, source, () if at else names, found) for at, os_id in enumerate(node.get("os", "").split())]


def _read_image(node: Element, common: dict[str, str]) -> tuple[str, ...]:
    kids = {str(kid.tag).rpartition("}")[2]: kid for kid in node.iterchildren("*")}

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


def pack_system(system: MergedRecord, user: str) -> str:
    """Return the packed record of a system's images; "" if there are none.

    Without images of our own, those of libosinfo count, as far as they take cloud-init and can be downloaded.
    """
    found = list(system.cloud_images.values()) or _of_libosinfo(system, user)
    if not found or not system.short_ids:
        return ""
    names = [name for name in system.image_names if name not in system.short_ids]
    title = system.scalars.get("name", "")
    return FIELD.join((system.id, pack_words(system.short_ids), pack_words(names), title, pack_rows(found)))


def _of_libosinfo(system: MergedRecord, user: str) -> list[tuple[str, ...]]:
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for arch, format, url, cloud_init, variants in system.images:
        if cloud_init == "true" and format in ("qcow2", "raw") and url.startswith(("http://", "https://")):
            variant = next(iter(words(variants)), "generic")
            empty = ("",) * 11
            found[variant, arch] = (variant, arch, format, user, "", "", "", "cloud-init", "", "", url, *empty)
    return list(found.values())


def parse_system(record: str) -> CloudSystem:
    """Unpack a record. Raises ValueError if it is none."""
    os_id, short_ids, names, name, images = record.split(FIELD)
    return CloudSystem(os_id, words(short_ids), words(names), name, tuple(_parse_image(row) for row in rows(images)))


def _parse_image(row: list[str]) -> CloudImage:
    variant, arch, format, user, cpu, firmware, seeds, config, port, default, url, build, sums = row[:13]
    index, builds = Source(*row[13:16]), Source(*row[16:19])
    signature, signed, keyrings = row[19:]
    pairs = [word.partition("=") for word in arch.split()]
    return CloudImage(
        variant, tuple((known, word or known) for known, _, word in pairs), format, user, cpu,
        tuple(firmware.split()), tuple(seeds.split()), config, int(port) if port.isdecimal() else 0, default == "true",
        url, build, tuple(sums.split()), index, builds, signature, signed == "image", tuple(keyrings.split()),
    )  # fmt: skip


def find_system(name: str, warnings: list[str] | None = None) -> CloudSystem | None:
    """Return the images of the system with this name or short id; None without such a system or images of it."""
    from virtprov.osinfo.index import find_record

    record = find_record("image", name, warnings)
    return parse_system(record) if record else None


def all_systems(warnings: list[str] | None = None) -> list[CloudSystem]:
    """Return every system with images, in the order of the profiles."""
    from virtprov.osinfo.index import all_records

    return [parse_system(record) for record in all_records("image-id", warnings)]
