"""The words of `--disk` that rows cannot place: read into a spec, settled on a new or an existing disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from virtprov.guest.disks.locate import DiskSpec, Making, Storage
from virtprov.options.model import truth
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def disk_spec(verbs: Mapping[str, str], disk: Element | None) -> DiskSpec:
    """Read the words of `--disk`; raises UsageError for a size that is none and for words that clash."""
    size = _size(verbs["size"]) if verbs.get("size") else None
    if verbs.get("vol") and (verbs.get("pool") or verbs.get("path")):
        raise UsageError(
            "--disk: vol= names a volume, so path= and pool= have no place beside it",
            hint="give vol=POOL/VOLUME alone, or pool= with size= for a new one",
        )
    if verbs.get("path") and verbs.get("pool"):
        raise UsageError("--disk: path= and pool= exclude each other", hint="a path says where the disk lies already")
    clashing = next((name for name in _NOT_WITH_UPLOAD if verbs.get(name)), "") if verbs.get("upload") else ""
    if clashing:
        raise UsageError(
            f"--disk: upload= makes a new volume, so {clashing}= has no place beside it",
            hint="give upload=FILE, with size= to let it grow and pool= to say where it goes",
        )
    sparse = truth(verbs["sparse"], "--disk sparse") if verbs.get("sparse") else None
    return DiskSpec(
        verbs.get("path"),
        size,
        verbs.get("pool", ""),
        verbs.get("vol", ""),
        sparse,
        verbs.get("format", ""),
        verbs.get("backing_store", ""),
        verbs.get("backing_format", ""),
        (path.get(disk, "./driver/@type") or "") if disk is not None else "",
        disk.get("type", "") if disk is not None else "",
        verbs.get("as", ""),
        os.path.expanduser(verbs.get("encryption.password_file", "")),
        verbs.get("upload", ""),
    )


_NOT_WITH_UPLOAD = ("path", "vol", "backing_store")


def _size(text: str) -> float:
    """GiB; a unit may be written behind the number."""
    try:
        size = float(text)
    except ValueError:
        from virtprov.support.units import parse_size

        try:
            size = parse_size(text) / 1024**3
        except ValueError:
            size = -1.0
    if not 0 < size < 1e12:
        raise UsageError(f"--disk size={text}: this is no size", hint="give GiB, for example size=20 or size=0.5")
    return size


def settle_edit(storage: Storage, disk: Element, verbs: Mapping[str, str]) -> list[Making]:
    """Change the source of an existing disk; an empty path takes the medium out."""
    if verbs.get("path") == "" and "path" in verbs:
        source = tree.child(disk, "source")
        if source is not None:
            tree.remove(source)
        return []
    spec = disk_spec(verbs, disk)._replace(type="")  # the type it has goes with the source it had
    if spec.path and not storage.host.is_remote and _is_character_device(spec.path):
        _keep_kind(disk, spec.path)
        return []
    if not (spec.path or spec.vol or spec.size is not None or spec.pool or spec.upload):
        return []
    return [storage.resolve(disk, spec)]


def _is_character_device(where: str) -> bool:
    try:
        return stat.S_ISCHR(os.stat(where).st_mode)
    except OSError:
        return False


def _keep_kind(disk: Element, where: str) -> None:
    """Such as /dev/zero: neither file nor block device, so the disk stays of the kind it is."""
    attribute = {"block": "dev", "dir": "dir"}.get(disk.get("type", ""), "file")
    path.put(disk, f"./source/@{attribute}", where)
