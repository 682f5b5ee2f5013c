"""What makes a guest this guest and no other, renewed for a copy of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from virtprov.guest.document import Guest
from virtprov.guest.names import new_mac, new_uuid
from virtprov.support.text import first_free
from virtprov.support.units import is_whole
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

CHANNELS = "/libvirt/qemu/channel/"
"""libvirt makes the sockets of unnamed channels below a directory of this name."""
_PORTS = ("port", "tlsPort", "websocket")


def clone_name(source: str, taken: Callable[[str], bool]) -> str:
    """X-clone, X-clone1 ...; a source that is a clone itself counts on."""
    head, dash, tail = source.rpartition("-clone")
    if dash and (tail == "" or is_whole(tail)):
        following = int(tail or 0) + 1
        return first_free(taken, lambda mark: f"{head}-clone{mark or following}", following + 1, sep="")
    return first_free(taken, lambda mark: f"{source}-clone{mark}", sep="")


def clone_path(where: str, source: str, clone: str, taken: Callable[[str], bool]) -> str:
    """A path beside `where`: NAME.ext when the file is named after the guest, else with -clone before the ending."""
    directory, base = os.path.split(where)
    stem, dot, ending = base.rpartition(".")
    if not dot or len(ending) > 7 or not stem:
        stem, ending = base, ""
    else:
        ending = f".{ending}"
    fresh = clone if stem == source else f"{stem}-clone"
    return first_free(taken, lambda mark: os.path.join(directory, fresh + mark + ending))


def renew(guest: Guest, name: str, uuid: str, macs: Iterable[str] = (), *, qemu: bool = True) -> list[str]:
    """Make the guest a new machine: name, ids, addresses, ports, sockets. Returns what was done, in words.

    `macs` are given addresses for its interfaces in order (`RANDOM` for a generated one).
    """
    source, told = guest.name, []
    guest.root.attrib.pop("id", None)
    guest.put("./name", name)
    guest.put("./uuid", uuid)
    guest.put("./title", None)
    entry = path.find(guest.root, "./sysinfo/system/entry[@name='uuid']")
    if entry is not None:
        entry.text = uuid
    if guest.has("./genid") and guest.get("./genid"):
        guest.put("./genid", new_uuid())
        told.append("a new generation id")
    told += _renew_nics(guest, list(macs), qemu)
    told += _renew_ports(guest)
    _renew_channels(guest, source)
    told += _renew_tpm(guest)
    return told


def _renew_nics(guest: Guest, macs: list[str], qemu: bool) -> list[str]:
    nics = guest.devices("interface")
    for number, nic in enumerate(nics):
        given = macs[number] if number < len(macs) else ""
        path.put(nic, "./mac/@address", given if given and given.upper() != "RANDOM" else new_mac(qemu))
        _drop_target(nic)
    if not nics:
        return []
    return ["a new MAC address" if len(nics) == 1 else f"{len(nics)} new MAC addresses"]


def _drop_target(nic: Element) -> None:
    """The name of the host's end belongs to the source, unless the user chose it by other rules."""
    target = tree.child(nic, "target")
    if target is not None and target.get("dev") and target.get("managed") != "no":
        path.put(nic, "./target/@dev", None)


def _renew_ports(guest: Guest) -> list[str]:
    told = []
    for display in guest.devices("graphics"):
        fixed = [name for name in _PORTS if display.get(name, "-1") != "-1"]
        for name in fixed:
            display.set(name, "-1")
        if fixed and display.get("autoport") == "no":
            del display.attrib["autoport"]
        told += [f"free {display.get('type')} ports instead of fixed ones"] if fixed else []
    for vsock in guest.devices("vsock"):
        cid = tree.child(vsock, "cid")
        if cid is not None and cid.get("address"):
            del cid.attrib["address"]
            cid.set("auto", "yes")
            told.append("a vsock address of its own")
    return told


def _renew_channels(guest: Guest, source: str) -> None:
    """libvirt gives sockets of its own to channels that name none."""
    for channel in guest.devices("channel"):
        where = path.text(channel, "./source/@path")
        target = path.text(channel, "./target/@name")
        if target and where.endswith(f"{source}.{target}") or CHANNELS in where:
            path.put(channel, "./source/@path", None)


def _renew_tpm(guest: Guest) -> list[str]:
    """An emulated TPM keeps its state under the guest's UUID, unless a place is named."""
    emulated = [tpm for tpm in guest.devices("tpm") if path.get(tpm, "./backend/@type") == "emulator"]
    for tpm in emulated:
        path.switch(tpm, "./backend/source", False)
    return ["an empty TPM"] if emulated else []


def shared(guest: Guest) -> list[str]:
    """What a copy still has in common with its original and only one of them can use, as a warning; [] for nothing."""
    found = [f"the host device {_device_name(device)}" for device in guest.devices("hostdev")]
    for tag in ("serial", "parallel", "console", "channel", "smartcard", "redirdev", "rng"):
        for device in guest.devices(tag):
            found += _listening(device)
    for nic in guest.devices("interface"):
        if nic.get("type") == "hostdev":
            found.append("the network card of the host")
        if tree.child(nic, "portForward") is not None:
            found.append("the forwarded ports")
    if not found:
        return []
    listed = ", ".join(dict.fromkeys(found))
    return [f"both guests use {listed}: they cannot run at the same time"]


def _device_name(device: Element) -> str:
    source = tree.child(device, "source")
    if source is None:
        return "without a name"
    words = [str(value) for kid in tree.children(source) for value in (*kid.attrib.values(), (kid.text or "").strip())]
    return ":".join(word for word in words if word)


def _listening(device: Element) -> list[str]:
    """Sockets and ports at which a character device listens."""
    source = next((each for each in device.iter("source") if each.get("mode") == "bind"), None)
    if source is None:
        return []
    if source.get("path"):
        return [f"the socket {source.get('path')}"]
    return [f"the port {source.get('service')}"] if source.get("service") else []


def nvram_path(where: str, clone: str) -> str:
    """Where a copy's firmware variables lie: beside the source's, named after the copy."""
    directory, base = os.path.split(where)
    ending = os.path.splitext(base)[1] or ".fd"
    return os.path.join(directory, f"{clone}_VARS{ending}")
