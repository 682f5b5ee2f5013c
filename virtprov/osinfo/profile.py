"""A Profile holds the facts about one operating system, frozen, with the questions that rules for defaults ask.

It is created from one packed record of the index, and unpacks a part when it is first used. Device ids are those of
libosinfo's database (`http://pcisig.com/pci/VENDOR/PRODUCT`, `http://usb.org/usb/...`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.osinfo.pack import FIELD, flag, parse_number, rows, words
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.osinfo.profile_tables import Driver, Image, Media, Tree, Variant

PCI = "http://pcisig.com/pci/"
Q35 = "http://qemu.org/chipset/x86/q35"

_NETWORK_MODELS = (
    ("virtio", ("1af4/1041", "1af4/1000")),
    ("e1000e", ("8086/10d3",)),
    ("e1000", ("8086/100e",)),
    ("rtl8139", ("10ec/8139",)),
    ("ne2k_pci", ("10ec/8029",)),
    ("pcnet", ("1022/2000",)),
)
_ARCH_NAMES = {
    "i386": "i686",
    "i486": "i686",
    "i586": "i686",
    "amd64": "x86_64",
    "arm64": "aarch64",
    "armhf": "armv7l",
    "ppc64el": "ppc64le",
}


def canonical_arch(arch: str) -> str:
    """Return the name that libvirt and the database use for an architecture (`i386` -> `i686`, `amd64` -> `x86_64`)."""
    return _ARCH_NAMES.get(arch, arch)


class Amounts(Record):
    """One row of requirements; None if the database has no value. `ram` and `storage` are in bytes, `cpu` is in Hz."""

    ram: int | None = None
    n_cpus: int | None = None
    storage: int | None = None
    cpu: int | None = None


class Resources(Record):
    """The requirements of an operating system on one architecture."""

    minimum: Amounts = Amounts()
    recommended: Amounts = Amounts()
    maximum: Amounts = Amounts()
    network_install: Amounts = Amounts()

    @property
    def advised(self) -> Amounts:
        """The recommended amounts; if only the minimum is known, twice the minimum."""
        pairs = zip(self.recommended, self.minimum, strict=True)
        return Amounts(*(good or (least * 2 if least else None) for good, least in pairs))


class _Has:
    """A property: whether a profile lists one of these PCI devices, VENDOR/PRODUCT."""

    __slots__ = ("products",)

    def __init__(self, *products: str) -> None:
        self.products = products

    def __get__(self, profile: Profile, owner: type[Profile]) -> bool:
        return profile._either(*self.products)


class Profile:
    """One operating system, including everything it inherits. Two profiles are equal if their records are equal."""

    __slots__ = (
        "os_id", "short_ids", "name", "version", "vendor", "family", "distro", "codename",
        "release_date", "eol_date", "status", "kernel_url_argument", "cloud_image_username",
        "lineage", "devices", "script_ids",
        "_resources", "_firmware", "_media", "_trees", "_images", "_variants", "_drivers", "record",
    )  # fmt: skip

    os_id: str
    """The full id, such as `http://debian.org/debian/12`."""
    short_ids: tuple[str, ...]
    """Every short name; the first is the one to show."""
    name: str
    version: str
    vendor: str
    family: str
    """`linux`, `winnt`, `win9x`, `freebsd`, `solaris` ...; "" when unknown."""
    distro: str
    """`debian`, `rhel`, `win` ...; "" when unknown."""
    codename: str
    release_date: str
    """`YYYY-MM-DD` or ""."""
    eol_date: str
    """`YYYY-MM-DD` or ""."""
    status: str
    """`released`, `prerelease`, `snapshot` or `rolling`."""
    kernel_url_argument: str
    """The kernel's argument that names a tree (`inst.repo`), or "" when the profile does not say."""
    cloud_image_username: str
    """The login that cloud images of this system make, or ""."""
    lineage: tuple[str, ...]
    """Full ids of all systems this one takes facts from, nearest first, itself not among them."""
    devices: frozenset[str]
    """Ids of all supported devices, the inherited ones too."""
    script_ids: tuple[str, ...]
    """Ids of the install scripts that fit, the inherited ones too (see `virtprov.osinfo.scripts`)."""
    _resources: str
    _firmware: str
    _media: str
    _trees: str
    _images: str
    _variants: str
    _drivers: str
    record: str
    """All of it, packed."""

    def __init__(self, record: str) -> None:
        """Unpack a record written by `virtprov.osinfo.profile_files.resolve`. Raises ValueError for anything else."""
        parts: list[object] = list(record.split(FIELD))
        parts.append(record)
        for place, slot in enumerate(self.__slots__):
            value = parts[place] if place < len(parts) else None
            if not isinstance(value, str) or len(parts) != len(self.__slots__):
                raise ValueError("not a profile record")
            if slot in ("short_ids", "lineage", "script_ids"):
                object.__setattr__(self, slot, words(value))
            elif slot == "devices":
                object.__setattr__(self, slot, frozenset(words(value)))
            else:
                object.__setattr__(self, slot, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Profile is frozen: {name} cannot be set")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and self.record == other.record

    def __hash__(self) -> int:
        return hash(self.record)

    def __repr__(self) -> str:
        return f"Profile({self.short_id!r})"

    @property
    def short_id(self) -> str:
        """The first short id, such as `debian12`."""
        return self.short_ids[0] if self.short_ids else ""

    # Families

    @property
    def is_windows(self) -> bool:
        """Whether this is any Windows, including the 16-bit ones."""
        return self.family in ("win16", "win9x", "winnt")

    @property
    def is_generic(self) -> bool:
        """True for `generic` and `unknown`, from which nothing can be concluded."""
        return self.short_id in ("generic", "unknown")

    @property
    def clock(self) -> str:
        """The offset of the guest's hardware clock: `localtime` for Windows and Solaris, else `utc`."""
        return "localtime" if self.is_windows or self.family == "solaris" else "utc"

    # Devices

    def supports(self, device: str) -> bool:
        """Return whether the profile lists a device, given by full id or by `VENDOR/PRODUCT` of PCI (`1af4/1041`)."""
        return device in self.devices or PCI + device in self.devices

    def _either(self, *products: str) -> bool:
        return any(PCI + product in self.devices for product in products)

    def _models(self, table: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[str, ...]:
        return tuple(model for model, products in table if self._either(*products))

    virtio_net = _Has("1af4/1000", "1af4/1041")
    virtio_disk = _Has("1af4/1001", "1af4/1042")
    virtio_balloon = _Has("1af4/1002", "1af4/1045")
    virtio_serial = _Has("1af4/1003", "1af4/1043")
    virtio_scsi = _Has("1af4/1004", "1af4/1048")
    virtio_rng = _Has("1af4/1005", "1af4/1044")
    virtio_gpu = _Has("1af4/1050")
    virtio_1 = _Has("1af4/1041")
    """Whether the network driver speaks virtio 1.0, which PCIe slots ask for."""
    usb3 = _Has("1b36/0004", "1b36/000d", "1033/0194")
    """Whether an xHCI controller is listed (qemu-xhci or NEC's)."""

    @property
    def q35(self) -> bool:
        """Whether the q35 machine is listed."""
        return Q35 in self.devices

    @property
    def q35_ready(self) -> bool:
        """Whether q35 can be the default: listed, and virtio NICs (if any) work in PCIe slots."""
        return self.q35 and (self.virtio_1 or not self.virtio_net)

    @property
    def network_models(self) -> tuple[str, ...]:
        """libvirt's names of the listed network cards, the best one first."""
        return self._models(_NETWORK_MODELS)

    # By architecture

    def resources(self, arch: str) -> Resources:
        """Return the requirements on `arch`; rows for `all` fill in what the rows of the architecture omit."""
        wanted = canonical_arch(arch)
        results: dict[str, list[Amounts]] = {}
        for kind, row_arch, *cells in rows(self._resources):
            if row_arch in (wanted, "all"):
                place = 0 if row_arch == wanted else 1
                results.setdefault(kind, []).insert(place, Amounts(*map(parse_number, cells)))
        return Resources(**{kind: _first_known(amounts) for kind, amounts in results.items()})

    def firmware(self, kind: str, arch: str) -> bool | None:
        """Return whether firmware `kind` (`bios` or `efi`) works on `arch`; None if the profile does not say."""
        wanted = canonical_arch(arch)
        answer = None
        for row_arch, row_kind, supported, _recommended in rows(self._firmware):
            if row_kind == kind and row_arch in (wanted, "all"):
                answer = flag(supported, True)
        return answer

    def efi(self, arch: str) -> bool | None:
        """Return whether UEFI works on `arch`; None if the profile does not say."""
        return self.firmware("efi", arch)

    def bios(self, arch: str) -> bool | None:
        """Return whether BIOS works on `arch`; None if the profile does not say."""
        return self.firmware("bios", arch)

    def trees(self, arch: str = "") -> tuple[Tree, ...]:
        """Return the installation trees in the order of the database, all or those of one architecture."""
        from virtprov.osinfo.profile_tables import trees

        return trees(self._trees, canonical_arch(arch))

    def install_tree(self, arch: str, script: str = "") -> Tree | None:
        """Return the tree that `--install` uses on `arch`, or None if no tree has an address.

        `script` is the profile of an unattended installation: `jeos` prefers the Server tree, `desktop` the Workstation
        tree; otherwise Everything is used.
        """
        wanted = {"jeos": "Server", "desktop": "Workstation"}.get(script, "Everything")
        trees = [tree for tree in self.trees(arch) if tree.url]
        return next((tree for tree in trees if wanted in tree.treeinfo_variant), trees[0] if trees else None)

    def media(self, arch: str = "") -> tuple[Media, ...]:
        """Return the media (ISOs) in the order of the database, all or those of one architecture."""
        from virtprov.osinfo.profile_tables import media

        return media(self._media, canonical_arch(arch), bool(self.script_ids))

    def cloud_images(self, arch: str = "", format: str = "") -> tuple[Image, ...]:
        """Return the disk images in the order of the database, all or of one architecture and format (`qcow2` ...)."""
        from virtprov.osinfo.profile_tables import images

        return images(self._images, canonical_arch(arch), format)

    def variants(self) -> tuple[Variant, ...]:
        """Return the editions of the system to which media and trees refer."""
        from virtprov.osinfo.profile_tables import variants

        return variants(self._variants)

    def drivers(self, arch: str = "") -> tuple[Driver, ...]:
        """Return drivers that an unattended installation can add, all or those of one architecture."""
        from virtprov.osinfo.profile_tables import drivers

        return drivers(self._drivers, canonical_arch(arch))


def _first_known(layers: list[Amounts]) -> Amounts:
    """Return each amount from the first row that has it."""
    columns = zip(*layers, strict=True)
    return Amounts(*(next((value for value in column if value is not None), None) for column in columns))
