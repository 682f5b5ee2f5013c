"""Check the files of this machine that a guest needs to start: firmware, kernels, shared folders, emulator."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from virtprov.guest.disks.source import DIR, DiskSource
from virtprov.support.errors import HostError
from virtprov.support.file_access.regular import is_regular
from virtprov.xml import path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.guest.document import Guest
    from virtprov.xml.tree import Element

_OFF = "or use --check host=off to skip this check"
_BOOT = (
    ("./os/loader", "--boot loader"),
    ("./os/nvram/@template", "--boot nvram.template"),
    ("./os/kernel", "--boot kernel"),
    ("./os/initrd", "--boot initrd"),
    ("./os/dtb", "--boot dtb"),
    ("./os/shim", "--boot shim"),
    ("./devices/emulator", "--boot emulator"),
)
_KINDS = {"mount": "directory", "bind": "directory", "file": "file", "block": "block device"}
"""The kind of source for each type of file system."""


def check_files(guest: Guest, driver: str) -> None:
    """Raise HostError for the first missing file; files in unreadable directories are assumed to exist."""
    for where, flag in _list_named_files(guest, driver):
        check_file(where, flag)
    if driver == "qemu":
        _check_devices(guest)
    for device in guest.devices("filesystem"):
        _check_filesystem(device.get("type", "mount"), path.get(device, "./source/@dir"), device)
    for disk in guest.devices("disk"):
        source = DiskSource.of(disk)
        fat = path.text(disk, "./driver/@type").startswith("fat")
        if source.kind == DIR and disk.get("device", "disk") in ("disk", "lun") and not fat and driver == "qemu":
            raise HostError(
                f"--disk {source.path}: is a directory, but a disk must be a file or a block device",
                hint=f"use --disk {source.path}/NAME.qcow2,size=GIB to create a disk there, --filesystem "
                f"{source.path},TAG to share the directory, {_OFF}",
            )


_DEVICES = (
    ("tpm", "./backend/device/@path", "--tpm ", ()),
    ("rng", "./backend", "--rng ", ()),
    ("input", "./source/@dev", "--input source.dev=", ()),
    ("input", "./source/@evdev", "--input source.evdev=", ()),
    *((tag, "./source/@path", f"--{tag} path=", ("dev",)) for tag in ("serial", "parallel", "console", "channel")),
)
"""Device, path, option, and the types of the device that use a device of the host; () for all."""
_OUTPUTS = ("serial", "parallel", "console", "channel")


def _check_devices(guest: Guest) -> None:
    """Raise HostError for a missing device of the host, and for a missing directory of a file or socket to create."""
    for tag, place, option, kinds in _DEVICES:
        for device in guest.devices(tag):
            where = path.get(device, place) or ""
            if (not kinds or device.get("type") in kinds) and where.startswith("/") and _kind(where) == "":
                raise HostError(f"{option}{where}: file not found on the host", hint=f"check the path, {_OFF}")
    for tag in _OUTPUTS:
        for device in guest.devices(tag):
            where = path.get(device, "./source/@path") or ""
            is_made = device.get("type") == "file" or path.get(device, "./source/@mode") == "bind"
            folder = os.path.dirname(where)
            if is_made and where.startswith("/") and _kind(folder) == "":
                raise HostError(
                    f"--{tag} path={where}: the directory {folder} does not exist on the host",
                    hint=f"create it first, {_OFF}",
                )


def check_file(where: str, flag: str) -> None:
    """Raise HostError if this machine has no file `where`; `flag` is the option that names it.

    A FIFO or a device that never ends would stop QEMU, or libvirt, before the guest starts.
    """
    if where.startswith("/") and _kind(where) == "":
        hint = f"check the path, {_OFF}"
        if flag == "--boot loader":
            hint = f"check the path, use --boot uefi to let libvirt choose the firmware, {_OFF}"
        raise HostError(f"{flag}={where}: file not found on the host", hint=hint)
    if where.startswith("/") and not is_regular(where):
        raise HostError(f"{flag}={where}: not a regular file", hint=f"check the path, {_OFF}")


def _list_named_files(guest: Guest, driver: str) -> Iterator[tuple[str, str]]:
    for place, flag in _BOOT:
        where = guest.get(place)
        if where and where.startswith("/") and not (driver == "test" and place == "./devices/emulator"):
            yield where, flag


def _check_filesystem(kind: str, folder: str | None, device: Element) -> None:
    where = folder or path.get(device, "./source/@file") or path.get(device, "./source/@dev")
    wanted = _KINDS.get(kind)
    if not wanted or not where or not where.startswith("/"):
        return
    seen = _kind(where)
    if seen is None or seen == wanted:
        return
    problem = f"{wanted} not found on the host" if seen == "" else f"is a {seen}, but type={kind} requires a {wanted}"
    raise HostError(f"--filesystem {where}: {problem}", hint=f"check the path, {_OFF}")


def _kind(where: str) -> str | None:
    """Return what is at a path; "" for nothing, None if this user cannot look there."""
    try:
        mode = os.stat(where).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError:
        return None
    if stat.S_ISDIR(mode):
        return "directory"
    return "block device" if stat.S_ISBLK(mode) else "file"
