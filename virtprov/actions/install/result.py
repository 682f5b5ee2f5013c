"""What a guest is now: its state, its addresses, how to log in, its disks. For the end of a run, and for `--info`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.seed import login
from virtprov.actions.seed.login import Login
from virtprov.actions.waiting import addresses, ssh_route
from virtprov.actions.waiting.knock import RDP
from virtprov.guest import checks
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import OS_ID, Guest
from virtprov.guest.marks import reservations
from virtprov.guest.network.publish import SSH_PORT
from virtprov.support.errors import no_guest
from virtprov.support.frozen import Record
from virtprov.xml import path

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile
    from virtprov.xml.tree import Element

CONSOLE, DISPLAY = "virsh console", "virt-viewer"
"""Commands that show a guest; both take its name."""


class Disk(Record):
    """A disk: its target name, its path, and its capacity in bytes, 0 if the host does not say."""

    target: str
    path: str
    capacity: int


class Result(Record):
    """A guest as its host describes it; `state` is libvirt's, `ssh` is a command, "" if there is no way in from here.

    `reserved` are those of its addresses that its network reserves for it. `desktop` is where the remote desktop of
    Windows can be reached from here (ADDRESS:PORT), and then it is not known whether the guest has an ssh server.
    `viewer` is CONSOLE or DISPLAY, the command that shows it; "" if it has neither.
    """

    name: str
    uuid: str
    state: str
    macs: tuple[str, ...]
    addresses: tuple[str, ...]
    reserved: tuple[str, ...]
    ssh: str
    disks: tuple[Disk, ...]
    desktop: str = ""
    viewer: str = ""


def describe(host: Host, key: str) -> Result:
    """Return what a guest is now. Raises HostError if the host does not have it, or cannot be reached."""
    info = host.guests.find(key)
    if info is None:
        raise no_guest(host.uri, key, host.guests.names())
    guest = Guest.parse(host.guests.xml(info.uuid), f"guest '{info.name}'")
    current = addresses.of(host, info.name) if info.active else []
    reserved = tuple(each.address for each in reservations.of_guest(guest))
    known = [*current, *(address for address in reserved if address not in current)]
    windows = _profile(guest).is_windows
    return Result(
        info.name,
        info.uuid,
        info.state,
        tuple(checks.mac_addresses(guest)),
        tuple(current),
        reserved,
        _ssh(host, guest, known),
        tuple(_disk(host, disk) for disk in guest.disks("disk")),
        _desktop(host, guest, known) if windows and login.find(guest.uuid) is None else "",
        _viewer(guest, windows),
    )


def _ssh(host: Host, guest: Guest, known: list[str]) -> str:
    """Return the command that logs in to a guest with these addresses; "" if it cannot be reached from here."""
    way = login.find(guest.uuid) or Login(user=login.default_user(_profile(guest)))
    route = ssh_route.find_route(guest, host)
    if way.host or (way.address and route.is_open):
        return way.line()
    behind = route.behind_jump([*([way.address] if way.address else []), *known])
    if behind:
        return way._replace(address=behind[0], port=SSH_PORT, jump=route.jump).line()
    places = route.places(known)
    if not places:
        return ""
    address, port = places[0]
    return way._replace(address=address, port=port).line()


def _desktop(host: Host, guest: Guest, known: list[str]) -> str:
    """Return where the remote desktop of a guest with these addresses can be reached from here; "" if nowhere."""
    places = ssh_route.find_route(guest, host, (RDP.port,)).places(known)
    if not places:
        return ""
    address, port = places[0]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _viewer(guest: Guest, windows: bool) -> str:
    """Return the command that shows the guest's console, or its display: Windows writes nothing to a console."""
    has_console = bool(guest.devices("console") or guest.devices("serial"))
    if guest.devices("graphics") and (windows or not has_console):
        return DISPLAY
    return CONSOLE if has_console else ""


def _profile(guest: Guest) -> Profile:
    """Return the profile of the system that the definition names; a generic one without."""
    from virtprov.osinfo.find_profile import find_recorded

    return find_recorded(guest.get(OS_ID))


def _disk(host: Host, node: Element) -> Disk:
    source = DiskSource.of(node)
    volume = source.volume_on(host, fresh=False)
    where = volume.path if volume is not None else source.location or source.name
    return Disk(path.text(node, "./target/@dev"), where, volume.capacity if volume is not None else 0)
