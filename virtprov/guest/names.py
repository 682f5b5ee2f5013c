"""Names, ids and addresses of guests."""

from __future__ import annotations

import os
from collections.abc import Callable

from virtprov.support.errors import UsageError
from virtprov.support.text import first_free, is_uuid

QEMU_MAC = (0x52, 0x54, 0x00)
XEN_MAC = (0x00, 0x16, 0x3E)
_LONGEST = 251
"""Bytes of the longest name: hosts keep a guest in NAME.xml, and a file name has 255 bytes at most."""


def new_uuid() -> str:
    """A random UUID (version 4, RFC 9562)."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return spell_uuid(data.hex())


def spell_uuid(digits: str) -> str:
    """Return the 32 hexadecimal digits of a UUID in groups with dashes."""
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def new_mac(qemu: bool) -> str:
    """Return a random MAC address with the prefix of QEMU guests, otherwise of Xen guests."""
    tail = bytearray(os.urandom(3))
    if not qemu:
        tail[0] &= 0x7F
    return ":".join(f"{part:02x}" for part in (*(QEMU_MAC if qemu else XEN_MAC), *tail))


def check_uuid(uuid: str) -> None:
    """Raise UsageError if this is not a UUID."""
    if not is_uuid(uuid):
        raise UsageError(
            f"'{uuid}' is not a UUID", hint="omit it, or give one such as 6d1f6a1e-8a4b-4f1c-9d0e-0c5f3c8f9a10"
        )


def check_name(name: str) -> None:
    """Raise UsageError if libvirt does not allow this guest name."""
    if not name.strip():
        raise UsageError("the name of the guest is empty", hint="give --name NAME")
    if name != name.strip():
        raise UsageError(f"the name '{name}' starts or ends with a space", hint=f"write '{name.strip()}'")
    if "/" in name:
        raise UsageError(f"the name '{name}' contains a slash, which libvirt does not allow", hint="use a dash instead")
    if any(ord(letter) < 32 for letter in name):
        raise UsageError(f"the name {name!r} contains a line break or a control character", hint="omit this character")
    if name in (".", ".."):  # libvirt would take the folders of all guests for this guest's own, and remove them
        raise UsageError(f"the name '{name}' is a directory, which cannot name a guest", hint="give another name")
    if len(name.encode()) > _LONGEST:
        raise UsageError(
            f"the name '{name[:20]}...' has {len(name.encode())} bytes, but a host can store at most {_LONGEST}",
            hint="give a shorter name",
        )


_SHORT_ARCH = {"armv7l": "arm"}


def _is_foreign(arch: str, host_arch: str) -> bool:
    return bool(arch) and arch != host_arch


def default_name(short_id: str, arch: str, host_arch: str, container: bool, taken: Callable[[str], bool]) -> str:
    """Return a name from the system's short id and a foreign architecture; `vm1`, `container1` without one."""
    base = short_id.removesuffix("-unknown")
    if not base or base in ("generic", "unknown"):
        prefix = "container" if container else "vm"
        if _is_foreign(arch, host_arch):
            return _free(f"{prefix}-{_SHORT_ARCH.get(arch, arch)}", taken)
        return first_free(taken, lambda mark: f"{prefix}{mark or 1}", 2, sep="")
    if _is_foreign(arch, host_arch):
        base = f"{base}-{_SHORT_ARCH.get(arch, arch)}"
    return _free(base, taken)


def _free(base: str, taken: Callable[[str], bool]) -> str:
    """Return the first of BASE, BASE-2, BASE-3 ... that is not taken."""
    return first_free(taken, lambda mark: base + mark, 2)
