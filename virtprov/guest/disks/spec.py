"""What `--disk` says beyond the XML element: the place of the data, and how to create it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from virtprov.options.model import truth
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.guest.disks.base_volume import BaseVolume

_LARGEST = 1e12
"""GiB; beyond any disk."""
_NOT_WITH_UPLOAD = ("path", "vol", "backing_store")


class DiskSpec(Record):
    """The sub-options of one `--disk` that have no place in the XML; "" and None if not given.

    `size` is in GiB. `path` is "" to eject the medium. `source_as` is "volume" or "path": how to write the source.
    `password_file` contains the password of a new encrypted disk. `upload` is the local file that is copied to a new
    volume. `driver_format` and `driver_name` are the values of `driver.type=` and `driver.name=`, and `type` the type
    of the source: if "", they are read from the disk's XML. `base` is the cloud image that a new disk gets.
    """

    path: str | None = None
    size: float | None = None
    pool: str = ""
    vol: str = ""
    sparse: bool | None = None
    format: str = ""
    backing_store: str = ""
    backing_format: str = ""
    driver_format: str = ""
    driver_name: str = ""
    type: str = ""
    source_as: str = ""
    password_file: str = ""
    upload: str = ""
    base: BaseVolume | None = None

    @property
    def names_source(self) -> bool:
        """Return whether it says where the data is stored, or that a new disk is to be created."""
        return bool(self.path or self.vol or self.size is not None or self.pool or self.upload)


def parse(words: Mapping[str, str]) -> DiskSpec:
    """Parse the sub-options of `--disk` without a place in the XML, name -> text; "" means "not given".

    Raises UsageError for invalid values and contradictions.
    """
    values = {name: text for name, text in words.items() if text}
    _check_source(values)
    if values.get("as", "path") not in ("volume", "path"):
        raise UsageError(
            f"--disk as: invalid value '{values['as']}'",
            hint="use as=volume to write pool and volume to the XML, or as=path to write the path",
        )
    return DiskSpec(
        path=words.get("path"),
        size=_size(values["size"]) if "size" in values else None,
        pool=values.get("pool", ""),
        vol=values.get("vol", ""),
        sparse=truth(values["sparse"], "--disk sparse") if "sparse" in values else None,
        format=values.get("format", ""),
        backing_store=values.get("backing_store", ""),
        backing_format=values.get("backing_format", ""),
        source_as=values.get("as", ""),
        password_file=os.path.expanduser(values.get("encryption.password_file", "")),
        upload=values.get("upload", ""),
    )


def _check_source(values: Mapping[str, str]) -> None:
    """Raise UsageError for a volume without a pool, and for two sources of one disk."""
    if "vol" in values and not all(values["vol"].partition("/")):
        raise UsageError(f"--disk vol={values['vol']}: not a volume", hint="use vol=POOL/VOLUME")
    if "vol" in values and ("pool" in values or "path" in values):
        raise UsageError(
            "--disk: vol= cannot be combined with path= or pool=",
            hint="give only vol=POOL/VOLUME, or pool= with size= for a new volume",
        )
    if "path" in values and "pool" in values:
        raise UsageError(
            "--disk: path= and pool= cannot be used together",
            hint="path= is for an existing disk, pool= with size= for a new one",
        )
    clashing = next((name for name in _NOT_WITH_UPLOAD if name in values), "") if "upload" in values else ""
    if clashing:
        raise UsageError(
            f"--disk: upload= creates a new volume, and cannot be combined with {clashing}=",
            hint="give upload=FILE, with size= to enlarge it and pool= to choose the pool",
        )


def _size(text: str) -> float:
    """Parse a size in GiB; it can have a unit."""
    try:
        size = float(text)
    except ValueError:
        from virtprov.support.notation.units import GIB, parse_size

        try:
            size = parse_size(text) / GIB
        except UsageError:
            size = -1.0
    if not 0 < size < _LARGEST:
        raise UsageError(
            f"--disk size: '{text}' is not a valid size in GiB", hint="for example size=20, size=0.5 or size=512M"
        )
    return size
