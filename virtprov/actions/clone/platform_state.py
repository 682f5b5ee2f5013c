"""What becomes of each part of the machine that only one guest can have, or that the guest remembers.

Definitions are compared: of the original as it was, and of its clone as it is. Each part that the original has is
renewed, copied on purpose, shared by both, or left with the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.document import Guest
from virtprov.guest.output_files import CHARACTER_DEVICES, find_output_files
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtprov.host.connection import Host

RENEWED, COPIED, SHARED, LEFT = "renewed", "copied", "shared", "left"
_PORT = "./virtualport/parameters/@{}"
_SERIALS = "./sysinfo/{}/entry[@name='serial']"


class Part(Record):
    """A part of the machine, and one of the words above; `value` is that of the clone, if it is known."""

    part: str
    fate: str
    value: str = ""


def compare(host: Host, source: Guest, guest: Guest, nvram: str) -> tuple[Part, ...]:
    """Return every part that the original `source` has, and its fate in the clone `guest`.

    `nvram` is the fate of the UEFI variables, "" without any.
    """
    parts = [Part("uuid", RENEWED, guest.uuid)]
    if nvram:
        parts.append(Part("UEFI variables", nvram))
    for name, values, same in _READERS:
        old, new = list(values(source)), list(values(guest))
        now = new if len(new) == len(old) else [""] * len(old)
        parts += [
            Part(name, same, value) if value in new else Part(name, RENEWED, fresh)
            for value, fresh in zip(old, now, strict=True)
        ]
    parts += _compare_tpms(source)
    parts += [Part("host device", SHARED)] * len(source.devices("hostdev"))
    parts += _find_fixed_addresses(host, source)
    return tuple(parts)


def note_copied(parts: tuple[Part, ...]) -> list[str]:
    """Return sentences on what is copied on purpose, and what stays with the original."""
    copied = [part.part for part in parts if part.fate == COPIED and part.part != "UEFI variables"]
    notes = []
    if copied:
        notes.append(
            "The clone has the original's " + ", ".join(f"{name}s" for name in dict.fromkeys(copied)) + ": names and "
            "licences in the guest may depend on them."
        )
    if any(part.part == "TPM" and part.fate == RENEWED for part in parts):
        notes.append("The clone's TPM is empty: a disk that the guest unlocks with its TPM needs its recovery key.")
    for part in parts:
        if part.fate == LEFT:
            notes.append(
                f"The fixed address of the original, {part.value}, stays with the original: the clone gets another one."
            )
    return notes


_TOGETHER = ("output file", "folder", "boot file", "fw_cfg file", "secret", "TPM secret", "backing image")
"""Parts that two running guests can use at the same time. There are warnings about the others."""


def note_shared(parts: tuple[Part, ...]) -> list[str]:
    """Return a sentence on what the original and the clone both use."""
    shared = [f"{part.part} {part.value}" for part in parts if part.fate == SHARED and part.part in _TOGETHER]
    return ["The clone shares with the original: " + ", ".join(dict.fromkeys(shared)) + "."] if shared else []


def _at(where: str) -> Callable[[Guest], Iterator[str]]:
    """Return a function that reads the text or attribute at a path, if it is there."""

    def read(guest: Guest) -> Iterator[str]:
        value = guest.get(where)
        if value:
            yield value

    return read


def _in_devices(tags: tuple[str, ...], *places: str) -> Callable[[Guest], Iterator[str]]:
    """Return a function that reads these places of all devices with one of the tags."""

    def read(guest: Guest) -> Iterator[str]:
        for tag in tags:
            for device in guest.devices(tag):
                for place in places:
                    value = path.text(device, place)
                    if value and value != "-1":
                        yield value

    return read


def _disks(*places: str) -> Callable[[Guest], Iterator[str]]:
    return _in_devices(("disk",), *places)


def _sockets(guest: Guest) -> Iterator[str]:
    """The sockets at which character devices listen."""
    for tag in CHARACTER_DEVICES:
        for device in guest.devices(tag):
            for source in device.iter("source"):
                if source.get("mode") == "bind" and (source.get("path") or source.get("service")):
                    yield source.get("path") or f"port {source.get('service')}"


def _openings(tag: str, kind: str, *places: str) -> Callable[[Guest], Iterator[str]]:
    """Return a function that reads places of the devices of one type."""

    def read(guest: Guest) -> Iterator[str]:
        for device in guest.devices(tag):
            if device.get("type", kind) == kind:
                yield from filter(None, (path.text(device, place) for place in places))

    return read


def _entries(where: str, attribute: str = "") -> Callable[[Guest], Iterator[str]]:
    """Return a function that reads an attribute, or the text, of all elements at a path."""

    def read(guest: Guest) -> Iterator[str]:
        for node in guest.root.iterfind(where):
            value = node.get(attribute) if attribute else (node.text or "").strip()
            if value:
                yield value

    return read


_READERS: tuple[tuple[str, Callable[[Guest], Iterator[str]], str], ...] = (
    ("generation id", _at("./genid"), SHARED),
    ("SMBIOS UUID", _at("./sysinfo/system/entry[@name='uuid']"), SHARED),
    ("SMBIOS serial number", _at(_SERIALS.format("system")), COPIED),
    ("SMBIOS board serial number", _at(_SERIALS.format("baseBoard")), COPIED),
    ("SMBIOS chassis serial number", _at(_SERIALS.format("chassis")), COPIED),
    ("MAC address", _in_devices(("interface",), "./mac/@address"), COPIED),
    ("forwarded port", _in_devices(("interface",), "./portForward/range/@start"), SHARED),
    ("passt log file", _in_devices(("interface",), "./backend/@logFile"), SHARED),
    ("vsock address", _in_devices(("vsock",), "./cid/@address"), SHARED),
    ("display port", _in_devices(("graphics",), "./@port", "./@tlsPort", "./@websocket"), SHARED),
    ("display socket", _in_devices(("graphics",), "./@socket", "./listen/@socket", "./@address"), SHARED),
    ("socket", _sockets, SHARED),
    ("output file", _in_devices(("serial", "console", "parallel"), "./source/@path"), SHARED),
    ("log file", _in_devices(("serial", "console", "parallel", "channel"), "./log/@file"), SHARED),
    ("disk serial number", _disks("./serial"), COPIED),
    ("disk WWN", _disks("./wwn"), COPIED),
    ("network filter address", _entries("devices/interface/filterref/parameter[@name='IP']", "value"), COPIED),
    ("virtual port", _in_devices(("interface",), _PORT.format("interfaceid"), _PORT.format("instanceid")), SHARED),
    ("host interface", _entries("devices/interface/target[@managed='no']", "dev"), SHARED),
    ("vhost-user socket", _openings("interface", "vhostuser", "./source/@path"), SHARED),
    ("secret", _entries("devices/disk//secret", "uuid"), SHARED),
    ("TPM secret", _in_devices(("tpm",), "./backend/encryption/@secret"), SHARED),
    ("crash log file", _in_devices(("pstore",), "./path"), SHARED),
    ("audio file", _in_devices(("audio",), "./@path"), SHARED),
    ("memory file", _in_devices(("memory",), "./source/path"), SHARED),
    ("shared memory", _in_devices(("shmem",), "./@name"), SHARED),
    ("folder", _in_devices(("filesystem",), "./source/@dir", "./source/@file", "./source/@dev"), SHARED),
    ("input device", _in_devices(("input",), "./source/@evdev", "./source/@dev"), SHARED),
    ("lease", _in_devices(("lease",), "./key"), SHARED),
    ("boot file", _entries("os/kernel"), SHARED),
    ("boot file", _entries("os/initrd"), SHARED),
    ("fw_cfg file", _entries("sysinfo[@type='fwcfg']/entry", "file"), SHARED),
)
"""Parts: a name, how to read the values, and the fate of values that are the same in the clone."""


def _compare_tpms(source: Guest) -> list[Part]:
    """An emulated TPM starts empty; any other TPM would be used by both guests."""
    kinds = [path.get(tpm, "./backend/@type") for tpm in source.devices("tpm")]
    return [Part("TPM", RENEWED if kind == "emulator" else SHARED) for kind in kinds]


def _find_fixed_addresses(host: Host, source: Guest) -> list[Part]:
    """Return the addresses that the host's networks keep for the MAC addresses of the original."""
    found = []
    for nic in source.devices("interface"):
        name, mac = path.text(nic, "./source/@network"), path.text(nic, "./mac/@address").lower()
        network = host.networks.find(name) if name and mac and nic.get("type") == "network" else None
        if network is None or mac not in network.xml.lower():
            continue
        for entry in tree.parse(network.xml).iter("host"):
            if (entry.get("mac") or "").lower() == mac and entry.get("ip"):
                found.append(Part("fixed address", LEFT, f"{entry.get('ip')} in network '{name}'"))
    return found


def rename_files(guest: Guest, rename: Callable[[str], str]) -> list[str]:
    """Give the clone its own files for the output and the logs of devices; returns what they are, in words.

    QEMU and libvirt create these files.
    """
    found = list(find_output_files(guest.root))
    for device, place in found:
        path.put(device, place, rename(path.text(device, place)))
    return ["log files of its own"] if found else []
