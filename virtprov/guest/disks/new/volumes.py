"""What must be created for a disk: pools and volumes, and their XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.frozen import Record
from virtprov.support.user_files import dirs
from virtprov.xml import path as places
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.guest.disks.base_volume import BaseVolume
    from virtprov.guest.host_view import HostView

DEFAULT_POOL = "default"
IMAGES = "/var/lib/libvirt/images"
FILE_POOLS = ("dir", "fs", "netfs", "gluster", "vstorage")
FORMATS = (
    "raw", "qcow2", "vmdk", "vdi", "qed", "luks", "qcow", "cow", "vpc", "vhd", "bochs", "cloop", "dmg", "iso", "fat",
    "dir", "ploop",
)  # fmt: skip
"""The formats that libvirt supports for volumes in file pools (its schema of volumes), and luks for raw."""
GIVEN_ONLY = ("iscsi", "iscsi-direct", "scsi", "mpath")
"""Types of pools in which libvirt cannot create volumes."""


class NewPool(Record):
    """A directory pool to create."""

    name: str
    target: str


class Encryption(Record):
    """Encryption of a new volume: its secret by UUID or usage, and the file with the password ("": the secret exists).

    `engine` does the decryption ("qemu", "librbd", "" for libvirt's choice).
    """

    format: str
    uuid: str = ""
    usage: str = ""
    engine: str = ""
    password_file: str = ""

    def secret_xml(self, where: str) -> str:
        """Return the XML of the secret for the volume at `where`."""
        root = tree.element("secret", None, {"ephemeral": "no", "private": "yes"})
        places.put(root, "./uuid", self.uuid)
        places.put(root, "./description", f"Password of {where}")
        places.put(root, "./usage/@type", "volume")
        places.put(root, "./usage/volume", where)
        return tree.to_text(root)


class NewVolume(Record):
    """A volume to create: in `pool`, or if it is "", in the directory of `path`. All sizes are in bytes.

    `upload` is the local file that is uploaded to it; afterwards it is enlarged to `capacity`. `base` is the cloud
    image that it gets; a capacity of 0 is that of the image.
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
    base: BaseVolume | None = None

    def xml(self, mode: str = "") -> str:
        """Return the volume's XML; `mode` are the file's permissions in octal."""
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
    """What one disk requires before the guest can be defined."""

    pools: tuple[NewPool, ...] = ()
    volumes: tuple[NewVolume, ...] = ()


def images_directory(host: HostView) -> str:
    """Return libvirt's default images directory on this host."""
    if host.is_session:
        return f"{dirs.data()}/libvirt/images"
    return IMAGES


def ending(fmt: str) -> str:
    """Return the file name ending of a new image."""
    return f".{'img' if fmt == 'raw' else fmt}"
