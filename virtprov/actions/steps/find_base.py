"""Find the base of a cloud image in its pool, and wait for another machine that is uploading it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.base_images import HEAD
from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext
    from virtprov.guest.disks.base_volume import BaseVolume
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import VolumeInfo

STALLED = 20.0
"""Seconds without a change after which an incomplete base is not waited for any longer."""
_PAUSE = 0.5


def find_base(host: Host, base: BaseVolume) -> VolumeInfo | None:
    """Return a base that is in its pool and complete; None if there is none."""
    volume = _look_up(host, base)
    return volume if volume is not None and _is_complete(host, base) else None


def await_base(context: RunContext, base: BaseVolume) -> VolumeInfo | None:
    """Return the same, but wait while another machine uploads the base. Raises HostError if nobody does any longer."""
    size, since, is_told = -1, 0.0, False
    while True:
        volume = _look_up(context.host, base)
        if volume is None or _is_complete(context.host, base):
            return volume
        now = time.monotonic()
        if volume.allocation != size:
            size, since = volume.allocation, now
        elif now - since >= STALLED:
            raise HostError(
                f"the base image {base.name} in pool '{base.pool}' is incomplete: another machine that uploaded it was "
                "interrupted",
                hint=f"if no machine is uploading it, delete it with `virsh vol-delete --pool {base.pool} {base.name}`",
            )
        if not is_told:
            is_told = True
            context.say(f"waiting for another machine, which is uploading {base.name}")
        with context.gate.open():
            time.sleep(_PAUSE)


def _look_up(host: Host, base: BaseVolume) -> VolumeInfo | None:
    pool = host.storage.pool(base.pool)
    if pool is None or not pool.active:
        return None
    return host.storage.volume(base.pool, base.name) or host.storage.volume_at(base.path)


def _is_complete(host: Host, base: BaseVolume) -> bool:
    """Return whether a base has its beginning; a host that cannot read volumes is believed."""
    head = host.storage.volume_head(base.pool, base.name, HEAD)
    return head is None or any(head)
