"""--ensure: whether an existing guest is what a request for a new one describes.

Only what the user has written is compared. What libvirt or the default rules would add is ignored, and so is what
belongs to the making of a guest: its installer, its seed, where its disks come from.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from virtprov.actions.edit.changing.changes import EDIT, EditRequest, change
from virtprov.actions.edit.changing.outcome import lines, render_with_diff
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import OS_ID, DomainDocument
from virtprov.guest.marks import reservations
from virtprov.guest.network import publish
from virtprov.guest.write import select
from virtprov.options.catalogue import table
from virtprov.options.network import RESERVE
from virtprov.support.notation.units import GIB, show_size
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.actions.request import InstallRequest
    from virtprov.guest.document import Guest
    from virtprov.guest.write.use import Use
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element


def differences(request: InstallRequest, key: str, host: Host) -> tuple[str, ...]:
    """Return what a guest of the host has other than the request says, one sentence each; () if nothing.

    Changes nothing. Raises UsageError for values that cannot be compared, HostError if the host cannot be asked.
    """
    info = host.guests.find(key)
    document = DomainDocument.parse(host.guests.xml(key, inactive=True, secure=True), f"guest '{key}'")
    results = [*_of_platform(request, document.guest), *_of_groups(request, document, host)]
    published = {each._replace(address="") for each in publish.find_forwards(document.guest)}
    results += [
        f"--publish {each.host}:{each.guest}: the port is not forwarded"
        for each in request.publish
        if each._replace(address="") not in published
    ]
    if request.autostart and not host.guests.autostart(key):
        results.append("--autostart: it does not start when the host boots")
    if info is not None and info.persistent == request.transient:
        results.append("--transient: it is persistent" if request.transient else "it is transient")
    return tuple(results)


def _of_platform(request: InstallRequest, guest: Guest) -> Iterator[str]:
    """Compare what has flags of its own."""
    pairs = (
        ("--arch", request.arch, guest.arch),
        ("--virt-type", request.domain_type, guest.domain_type),
        ("--machine", request.machine, guest.machine),
        ("the type of its system", request.os_type, guest.os_type),
    )
    for flag, wanted, there in pairs:
        # a machine type without a version stands for the newest of its kind
        if wanted and wanted != there and not (flag == "--machine" and f"-{wanted}-" in f"-{there}-"):
            yield f"{flag} {wanted}: it has {there or 'none'}"
    if request.osinfo.name:
        from virtprov.osinfo.find_profile import find

        os_id, known = find(request.osinfo.name).os_id, guest.get(OS_ID)
        if os_id and os_id != known:
            yield f"--osinfo {request.osinfo.name}: its metadata names {known or 'no system'}"


def _of_groups(request: InstallRequest, document: DomainDocument, host: Host) -> Iterator[str]:
    """Compare the option groups: devices one by one, each other group as a whole."""
    for group in sorted(request.refused):
        there = len(select.elements(document.guest, table(group))) if table(group).many else 0
        if there:
            yield f"--{group} none: it has {there}"
    for group in dict.fromkeys(use.group for use in request.uses):
        uses = [use for use in request.uses if use.group == group]
        if table(group).many and table(group).is_device:
            yield from _of_devices(uses, document.guest, host)
        else:
            yield from _of_part(group, uses, document, host)


def _of_part(group: str, uses: list[Use], document: DomainDocument, host: Host) -> Iterator[str]:
    """Say what would change if the uses were written into the guest."""
    changed = change(EditRequest(EDIT, group, tuple(uses)), document.guest, host, dry=True).guest
    if tree.same(document.guest.root, changed.root):
        return
    difference = [line for line in lines(render_with_diff(document, changed)[1]) if line[1:].strip()]
    has, lacks = (" ".join(line[1:].strip() for line in difference if line[0] == sign) for sign in "-+")
    both = [f"it has {_shown(has)}"] if has else []
    both += [f"lacks {_shown(lacks)}" if has else f"it lacks {_shown(lacks)}"] if lacks else []
    yield f"--{group} {f' --{group} '.join(_hide(use.text) for use in uses)}: {' and '.join(both)}"


_PASSWORD = re.compile(r"(passw(?:or)?d=)('[^']*'|\"[^\"]*\"|[^,'\"]*)")
_LONGEST = 300


def _hide(text: str) -> str:
    """Return text without the passwords in it."""
    return _PASSWORD.sub(r"\1***", text)


def _shown(text: str) -> str:
    """Return XML for a sentence."""
    hidden = _hide(text)
    return hidden if len(hidden) <= _LONGEST else hidden[:_LONGEST] + "..."


def _of_devices(uses: list[Use], guest: Guest, host: Host) -> Iterator[str]:
    """Find a device of the guest for each use; each device is only taken once."""
    left = select.elements(guest, table(uses[0].group))
    for use in uses:
        reasons: list[str] = []
        twin = next((node for node in left if not _mismatch(node, use, guest, host, reasons)), None)
        if twin is None:
            why = reasons[0] if len(set(reasons)) == 1 and reasons[0] else "it has no such device"
            yield f"--{use.group} {_hide(use.text)}: {why}"
        else:
            left.remove(twin)


def _mismatch(node: Element, use: Use, guest: Guest, host: Host, reasons: list[str]) -> bool:
    """Return whether a device is not what the use describes; `reasons` gets why, "" if it is another device."""
    if not select.has_values(node, use.said, host):
        reasons.append("")
        return True
    why = _of_disk(node, use, host) if use.disk is not None else _of_reservation(node, use, guest)
    if why:
        reasons.append(why)
    return bool(why)


def _of_disk(node: Element, use: Use, host: Host) -> str:
    """Return how a disk differs in what has no place in the XML; "" if it does not."""
    spec = use.disk
    assert spec is not None
    source = DiskSource.of(node)
    if spec.names_source and node.get("device", "disk") != _device(use):
        return "it has no such device"
    volume = source.volume_on(host, fresh=False)
    if spec.vol and volume is not None and f"{volume.pool}/{volume.name}" != spec.vol:
        return f"the disk is {volume.pool}/{volume.name}"
    if spec.pool and volume is not None and volume.pool != spec.pool:
        return f"the disk is in pool '{volume.pool}'"
    wanted = int(spec.size * GIB) if spec.size is not None else 0
    if wanted and volume is not None and volume.capacity != wanted:
        return f"the disk has {show_size(volume.capacity)}"
    form = path.text(node, "./driver/@type")
    return f"the disk has the format {form}" if spec.format and form and form != spec.format else ""


def _device(use: Use) -> str:
    return next((place.text or "disk" for place in use.said.places if place.path == "./@device"), "disk")


def _of_reservation(node: Element, use: Use, guest: Guest) -> str:
    """Return which addresses are not reserved for an interface; "" if none is asked for, or all are."""
    wanted = set(use.said.verbs.get(RESERVE, "").split()) if use.group == "network" else set()
    mac = path.text(node, "./mac/@address").lower()
    missing = wanted - {each.address for each in reservations.of_guest(guest) if each.mac.lower() == mac}
    return f"{' and '.join(sorted(missing))} is not reserved for it" if missing else ""
