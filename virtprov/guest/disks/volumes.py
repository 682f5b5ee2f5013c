"""What one disk is to be, and what must be made for it: pools and volumes, and their documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support import dirs
from virtprov.support.frozen import Record
from virtprov.xml import path as places
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView

DEFAULT_POOL = "default"
IMAGES = "/var/lib/libvirt/images"
FILE_POOLS = ("dir", "fs", "netfs", "gluster", "vstorage")
FORMATS = (
    "raw", "qcow2", "vmdk", "vdi", "qed", "luks", "qcow", "cow", "vpc", "vhd", "bochs", "cloop", "dmg", "iso", "fat",
    "dir", "ploop",
)  # fmt: skip
"""What libvirt takes as the format of a volume in a pool of files (its schema of volumes), and luks for raw."""
GIVEN_ONLY = ("iscsi", "iscsi-direct", "scsi", "mpath")
"""Kinds of pools that show what somebody else made: libvirt makes no volumes in them."""


class NewPool(Record):
    """A directory pool to be made."""

    name: str
    target: str


class Encryption(Record):
    """How a new volume is encrypted: the secret by UUID or by usage, and the file its password is in ("": it exists).

    `engine` says who decrypts ("qemu", "librbd", "" for libvirt's choice).
    """

    format: str
    uuid: str = ""
    usage: str = ""
    engine: str = ""
    password_file: str = ""

    def secret_xml(self, where: str) -> str:
        """The document of the secret that opens the volume at `where`."""
        root = tree.element("secret", None, {"ephemeral": "no", "private": "yes"})
        places.put(root, "./uuid", self.uuid)
        places.put(root, "./description", f"Password of {where}")
        places.put(root, "./usage/@type", "volume")
        places.put(root, "./usage/volume", where)
        return tree.to_text(root)


class NewVolume(Record):
    """A volume to be made: in `pool`, or with pool "" in the directory of `path`. Bytes throughout.

    `upload` is the file of this machine that it is filled from; it grows to `capacity` afterwards.
    """

    pool: str
    name: str
    path: str
    format: str
    capacity: int
    allocation: int
    backing: str = ""
    backing_format: str = ""
    encryption: Encryption | None = None
    upload: str = ""

    def xml(self, mode: str = "") -> str:
        """The volume's document; `mode` are the file's permissions in octal."""
        root = tree.element("volume")
        for name, text in (("name", self.name), ("capacity", self.capacity), ("allocation", self.allocation)):
            tree.add(root, tree.element(name, str(text)))
        if self.format:
            places.put(root, "./target/format/@type", self.format)
        if mode:
            places.put(root, "./target/permissions/mode", mode)
        if self.encryption is not None:
            places.put(root, "./target/encryption/@format", self.encryption.format)
            places.put(root, "./target/encryption/secret/@type", "passphrase")
            kind = "uuid" if self.encryption.uuid else "usage"
            places.put(root, f"./target/encryption/secret/@{kind}", self.encryption.uuid or self.encryption.usage)
        if self.format == "qcow2":
            places.put(root, "./target/compat", "1.1")
            places.ensure(root, "./target/features/lazy_refcounts")
        if self.backing:
            places.put(root, "./backingStore/path", self.backing)
            if self.backing_format:
                places.put(root, "./backingStore/format/@type", self.backing_format)
        return tree.to_text(root)


class Making(Record):
    """What one disk needs before the guest can be defined."""

    pools: tuple[NewPool, ...] = ()
    volumes: tuple[NewVolume, ...] = ()


def images_directory(host: HostView) -> str:
    """Where libvirt keeps images on this host when nobody says."""
    if host.is_session:
        return f"{dirs.data()}/libvirt/images"
    return IMAGES


def ending(fmt: str) -> str:
    """What a new image's name ends in."""
    return f".{'img' if fmt == 'raw' else fmt}"
