"""Where the cloud images of a system are and what they need, as the index has it (see `image_reader`)."""

from __future__ import annotations

from virtprov.osinfo.index import all_records, find_record
from virtprov.osinfo.pack import FIELD, rows, words
from virtprov.support.frozen import Record


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


def find_system(name: str) -> CloudSystem | None:
    """Return the images of the system with this name or short id; None without such a system or images of it."""
    record = find_record("image", name)
    return parse_system(record) if record else None


def all_systems(warnings: list[str] | None = None) -> list[CloudSystem]:
    """Return every system with images, in the order of the profiles."""
    return [parse_system(record) for record in all_records("image-id", warnings)]
