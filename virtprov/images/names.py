"""What the name of an image's file says about it."""

from __future__ import annotations

from virtprov.images.image import BZIP2, GZIP, QCOW2, RAW, XZ, ZSTD, Packing

_COMPRESSIONS = {"gz": GZIP, "xz": XZ, "zst": ZSTD, "zstd": ZSTD, "bz2": BZIP2}
_TARS = {"tgz": GZIP, "txz": XZ, "tzst": ZSTD, "tbz": BZIP2, "tbz2": BZIP2}


def packing_of(name: str) -> Packing:
    """Return how a file with this name is packed: `disk.qcow2.xz`, `image.tar.gz`, `image.tgz`."""
    stem, _, ending = name.lower().rpartition(".")
    if ending in _TARS:
        return Packing(_TARS[ending], is_tar=True)
    if ending in _COMPRESSIONS:
        return Packing(_COMPRESSIONS[ending], is_tar=stem.endswith(".tar"))
    return Packing(is_tar=ending == "tar")


def unpacked_name(name: str) -> str:
    """Return the name of the disk in a packed file, as far as the name tells: `disk.qcow2.xz` -> `disk.qcow2`."""
    packing = packing_of(name)
    if not packing.is_packed:
        return name
    stem = name.rpartition(".")[0]
    return stem.rpartition(".")[0] if packing.is_tar and packing.compression and stem.lower().endswith(".tar") else stem


def disk_format_of(name: str) -> str:
    """Return QCOW2 or RAW for a name that says so, else "": `.img` can be both."""
    ending = unpacked_name(name).lower().rpartition(".")[2]
    return {"qcow2": QCOW2, "raw": RAW}.get(ending, "")
