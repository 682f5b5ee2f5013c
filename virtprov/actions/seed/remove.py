"""Remove the cloud-init seed of a guest: detach its drive while the guest runs, and delete its volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.local_files import unlink
from virtprov.actions.seed.attach import empty
from virtprov.guest.document import Guest
from virtprov.support.errors import HostError, ProvError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext
    from virtprov.actions.seed.attach import Seed
    from virtprov.host.connection import Host

_UNPLUG_SECONDS = 60


def detach_and_delete(context: RunContext, name: str, seed: Seed) -> None:
    """Detach the seed from the running guest and delete it; failures are only reported."""
    stays = f"the seed stays attached to '{name}' until it is powered off"
    target = path.get(tree.parse(seed.device), "./target/@dev")
    try:
        running = Guest.parse(context.host.guests.xml(name) or "<domain/>")
        drive = next((disk for disk in running.disks() if path.get(disk, "./target/@dev") == target), None)
        if drive is not None and not _detach(context.host, name, drive):
            context.warn(f"{stays}: the guest has not released {target} within {_UNPLUG_SECONDS} seconds")
    except HostError as problem:
        context.warn(f"{stays}: {problem.message}")
    delete(context, seed)


def delete(context: RunContext, seed: Seed) -> None:
    """Delete the seed's volume, or its file; a running guest can still read what it has open."""
    try:
        if not seed.pool:
            unlink(context.host, seed.volume)
        else:
            context.host.storage.delete_volume(seed.pool, seed.volume)
    except ProvError as problem:
        where = f" from pool '{seed.pool}'" if seed.pool else ""
        context.warn(f"could not delete seed {seed.volume}{where}: {problem.message}")


def _detach(host: Host, name: str, drive: Element) -> bool:
    """Eject the seed's CD-ROM from a running guest, or unplug its disk; False if the guest does not release it.

    Raises HostError if the guest refuses.
    """
    if drive.get("device") == "cdrom":
        opened = tree.copy(drive)
        empty(opened)
        host.running.update_device(name, tree.to_text(opened))
        return True
    alias = path.text(drive, "./alias/@name")
    with host.running.watch(name) as watch:
        host.running.detach_device(name, tree.to_text(drive))
        return watch.wait_device_gone(alias, _UNPLUG_SECONDS)
