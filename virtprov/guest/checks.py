"""Checks before anything is written: whether the name, the addresses and the disks are free.

Only what a check requires is read from the host: generated addresses and paths are not looked up. libvirt has no lookup
for given ones, so the XML of the other guests is read, once for all checks; only XML whose text contains the address or
path is parsed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from virtprov.guest.document import Guest
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView

_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", re.I)


class Others:
    """The XML of a host's guests, read when first needed."""

    __slots__ = ("_texts", "host")

    def __init__(self, host: HostView) -> None:
        self.host = host
        self._texts: list[str] | None = None

    def texts(self) -> list[str]:
        """Return the XML of every guest."""
        if self._texts is None:
            self._texts = list(self.host.guests.documents())
        return self._texts


def name_is_free(host: HostView, name: str) -> None:
    """Raise HostError if the host has a guest with this name."""
    if host.guests.find(name) is not None:
        raise HostError(
            f"guest '{name}' already exists on the host", hint="give another --name, or remove that guest first"
        )


def uuid_is_free(host: HostView, uuid: str, name: str) -> None:
    """Raise HostError if a guest of another name has this UUID; libvirt reports it only after disks are created."""
    owner = host.guests.find(uuid)
    if owner is not None and owner.name not in (name, uuid):
        raise HostError(f"UUID {uuid} is used by guest '{owner.name}'", hint="give another --uuid, or omit it")


PASSWORD_BYTES = {"vnc": 8, "spice": 60}
"""The maximum length of a display's password in bytes: 8 for VNC (RFC 6143, 7.2.2), 60 for spice-server."""


def display_passwords(guest: Guest) -> None:
    """Raise UsageError if a display's password is too long; libvirt reports it only after disks are created."""
    for display in guest.devices("graphics"):
        kind, password = display.get("type", ""), display.get("passwd") or ""
        most = PASSWORD_BYTES.get(kind, len(password) * 4)
        if len(password.encode(errors="surrogateescape")) > most:
            raise UsageError(
                f"--graphics {kind}: the password has more than {most} bytes", hint="give a shorter password"
            )


def mac_addresses(guest: Guest) -> list[str]:
    """Return every MAC address of the guest, in lower case; raises UsageError for an invalid one."""
    results = []
    for nic in guest.devices("interface"):
        mac = path.text(nic, "./mac/@address").lower()
        if mac and mac != "random":
            check_mac(mac)
            results.append(mac)
    return results


def check_mac(mac: str) -> None:
    """Raise UsageError if this is not a MAC address."""
    if not _MAC.fullmatch(mac):
        raise UsageError(
            f"'{mac}' is not a MAC address", hint="use six pairs of hexadecimal digits, such as 52:54:00:12:34:56"
        )


def given_macs_are_free(host: HostView, macs: list[str], others: Others | None = None) -> None:
    """Raise HostError if another guest has one of these addresses. Reads every guest, so only use it for given ones."""
    if not macs:
        return
    for text in (others or Others(host)).texts():
        lowered = text.lower()
        for mac in macs:
            if mac in lowered and _has_mac(text, mac):
                owner = path.text(tree.parse(text), "./name")
                raise HostError(
                    f"MAC address {mac} is used by guest '{owner}'",
                    hint="give another address, omit it, or use --check mac_in_use=off",
                )


def _has_mac(text: str, mac: str) -> bool:
    return any(path.text(nic, "./mac/@address").lower() == mac for nic in Guest.parse(text).devices("interface"))
