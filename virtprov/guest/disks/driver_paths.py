"""Paths of hypervisors that do not name files as this machine does: `[datastore1] web/web.vmdk`, `C:/vms/x.vhdx`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView

VMWARE = ("esx", "vpx", "gsx")
"""Drivers with datastores; their disks are named `[DATASTORE] FOLDER/FILE` (https://libvirt.org/drvesx.html)."""
WINDOWS = ("hyperv",)
"""Drivers of Windows hosts. libvirt has no storage for them, so disks can neither be looked up nor created."""
FORMATS = {"esx": "vmdk", "vpx": "vmdk", "gsx": "vmdk", "vbox": "vdi"}
"""The format of new disks."""
_DATASTORE = re.compile(r"\[([^][]+)\] ?(.+)")
_ON_WINDOWS = re.compile(r"[A-Za-z]:[\\/].+|\\\\.+")


def is_foreign(host: HostView, path: str) -> bool:
    """Return whether a path has the form of the host's driver, so that it is not a path of this machine."""
    if host.driver in VMWARE:
        return _DATASTORE.fullmatch(path) is not None
    return host.driver in WINDOWS and _ON_WINDOWS.fullmatch(path) is not None


def in_datastore(host: HostView, path: str) -> tuple[str, str] | None:
    """Return the pool and the volume of a path in a datastore; None for any other path."""
    match = _DATASTORE.fullmatch(path) if host.driver in VMWARE else None
    return (match[1], match[2]) if match else None


def form(host: HostView) -> str:
    """Return the form of paths on the host, for messages."""
    if host.driver in VMWARE:
        return "'[DATASTORE] FOLDER/FILE.vmdk'"
    return r"C:\FOLDER\FILE.vhdx" if host.driver in WINDOWS else "/FOLDER/FILE"


def default_datastore(host: HostView) -> str:
    """Return the pool for new disks on a VMware host, which has no pool `default`; raises HostError for several."""
    names = host.storage.pool_names()
    if len(names) == 1:
        return names[0]
    raise HostError(
        "--disk: no pool given for the new disk",
        hint="add pool=NAME with one of its datastores: " + ", ".join(names) if names else "the host has no datastores",
    )


def refuse_new(host: HostView, option: str) -> None:
    """Raise HostError if libvirt cannot create disks on such hosts."""
    if host.driver in WINDOWS:
        raise HostError(
            f"{option}: libvirt cannot create disks on a {host.driver} host",
            hint="create the disk there, then give its path without size=",
        )
