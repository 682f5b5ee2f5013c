"""Looks before anything is written: is the name free, the address, the disk?

Nothing is asked of a host but what a check needs: addresses and paths that were made up for the new guest are not
looked for in others. Those that were given cannot be looked up in libvirt, so the other guests' documents are read,
once for all checks; only those whose text holds the address or the path are parsed.
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
    """The documents of a host's guests, read when they are first needed."""

    __slots__ = ("_texts", "host")

    def __init__(self, host: HostView) -> None:
        self.host = host
        self._texts: list[str] | None = None

    def texts(self) -> list[str]:
        """Every guest's document."""
        if self._texts is None:
            self._texts = list(self.host.guests.documents())
        return self._texts


def name_is_free(host: HostView, name: str) -> None:
    """Raise HostError when the host has a guest of this name."""
    if host.guests.find(name) is not None:
        raise HostError(
            f"the host has a guest '{name}' already", hint="give another --name, or remove that guest first"
        )


PASSWORD_BYTES = {"vnc": 8, "spice": 60}
"""What a display's password may have: RFB's authentication takes 8 bytes (RFC 6143, 7.2.2), spice-server keeps 60."""


def display_passwords(guest: Guest) -> None:
    """Raise UsageError for a display's password that is too long: libvirt says so only after the disks were made."""
    for display in guest.devices("graphics"):
        kind, password = display.get("type", ""), display.get("passwd") or ""
        most = PASSWORD_BYTES.get(kind, len(password) * 4)
        if len(password.encode(errors="surrogateescape")) > most:
            raise UsageError(
                f"--graphics {kind}: the password has more than {most} bytes", hint=f"give at most {most} letters"
            )


def mac_addresses(guest: Guest) -> list[str]:
    """Every address of the guest, in lower case; raises UsageError for one that is none."""
    found = []
    for nic in guest.devices("interface"):
        mac = path.text(nic, "./mac/@address").lower()
        if mac and mac != "random":
            check_mac(mac)
            found.append(mac)
    return found


def check_mac(mac: str) -> None:
    """Raise UsageError when this is no MAC address."""
    if not _MAC.fullmatch(mac):
        raise UsageError(f"'{mac}' is not a MAC address", hint="write six pairs, such as 52:54:00:12:34:56")


def given_macs_are_free(host: HostView, macs: list[str], others: Others | None = None) -> None:
    """Raise HostError when another guest has one of these addresses. Reads every guest: only for given ones."""
    if not macs:
        return
    for text in (others or Others(host)).texts():
        lowered = text.lower()
        for mac in macs:
            if mac in lowered and _has_mac(text, mac):
                owner = path.text(tree.parse(text), "./name")
                raise HostError(
                    f"the MAC address {mac} belongs to the guest '{owner}'",
                    hint="give another one, leave it out, or use --check mac_in_use=off",
                )


def _has_mac(text: str, mac: str) -> bool:
    return any(path.text(nic, "./mac/@address").lower() == mac for nic in Guest.parse(text).devices("interface"))
