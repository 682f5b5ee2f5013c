"""What `--disk` asks for beside the element itself: where the data lies or is to lie, and how it is made."""

from __future__ import annotations

import os
from collections.abc import Mapping

from virtprov.options.model import truth
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

_LARGEST = 1e12
"""GiB; beyond any disk."""
_NOT_WITH_UPLOAD = ("path", "vol", "backing_store")


class DiskSpec(Record):
    """What one use of `--disk` says that no place in the XML keeps; "" and None where nothing is said.

    `size` is in GiB. `path` is "" where the medium is to be taken out. `source_as` is "volume" or "path": how the
    source is to be written. `password_file` holds the password of a new encrypted disk. `upload` is the file of
    this machine whose contents become a new volume. `driver_format` is what `driver.type=` says and `type` the kind
    of source the user insists on: the resolver reads them from the disk's element where they are "".
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
    type: str = ""
    source_as: str = ""
    password_file: str = ""
    upload: str = ""

    @property
    def names_source(self) -> bool:
        """Whether it says where the data lies, or that a new disk is to be made."""
        return bool(self.path or self.vol or self.size is not None or self.pool or self.upload)


def parse(words: Mapping[str, str]) -> DiskSpec:
    """Read the sub-options of `--disk` that rows cannot place, name -> text; an empty text means "not given".

    Raises UsageError for values that make no sense and for words that exclude each other.
    """
    given = {name: text for name, text in words.items() if text}
    _check_source(given)
    if given.get("as", "path") not in ("volume", "path"):
        raise UsageError(
            f"--disk as: '{given['as']}' is no way to write a source",
            hint="as=volume names pool and volume, as=path where it lies",
        )
    return DiskSpec(
        path=words.get("path"),
        size=_size(given["size"]) if "size" in given else None,
        pool=given.get("pool", ""),
        vol=given.get("vol", ""),
        sparse=truth(given["sparse"], "--disk sparse") if "sparse" in given else None,
        format=given.get("format", ""),
        backing_store=given.get("backing_store", ""),
        backing_format=given.get("backing_format", ""),
        source_as=given.get("as", ""),
        password_file=os.path.expanduser(given.get("encryption.password_file", "")),
        upload=given.get("upload", ""),
    )


def _check_source(given: Mapping[str, str]) -> None:
    """Raise UsageError for a volume without a pool, and for two places of one disk."""
    if "vol" in given and not all(given["vol"].partition("/")):
        raise UsageError(f"--disk vol={given['vol']}: this names no volume", hint="write vol=POOL/VOLUME")
    if "vol" in given and ("pool" in given or "path" in given):
        raise UsageError(
            "--disk: vol= names a volume, so path= and pool= have no place beside it",
            hint="give vol=POOL/VOLUME alone, or pool= with size= for a new one",
        )
    if "path" in given and "pool" in given:
        raise UsageError("--disk: path= and pool= exclude each other", hint="a path says where the disk lies already")
    clashing = next((name for name in _NOT_WITH_UPLOAD if name in given), "") if "upload" in given else ""
    if clashing:
        raise UsageError(
            f"--disk: upload= makes a new volume, so {clashing}= has no place beside it",
            hint="give upload=FILE, with size= to let it grow and pool= to say where it goes",
        )


def _size(text: str) -> float:
    """GiB; a unit may be written behind the number."""
    try:
        size = float(text)
    except ValueError:
        from virtprov.support.units import GIB, parse_size

        try:
            size = parse_size(text) / GIB
        except UsageError:
            size = -1.0
    if not 0 < size < _LARGEST:
        raise UsageError(
            f"--disk size: '{text}' is not a size in GiB", hint="for example size=20, size=0.5 or size=512M"
        )
    return size
