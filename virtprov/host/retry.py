"""Waiting for what passes by itself: a pool or a volume that another command works on just now."""

from __future__ import annotations

from typing import TypeVar

import libvirt

from virtprov.support.waiting import pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, *(1.0,) * 28)
"""Seconds between the tries, half a minute in all."""
PASSING = "virtprov-"
"""How the names of pools begin that stand over a directory for a moment only."""
BUSY = (
    "has asynchronous jobs running",
    "is still being allocated",
    "is still in use",
    f"Storage source conflict with pool: '{PASSING}",
    "Unable to get accurate CPU usage",
)
"""What libvirt says of pools and volumes that others fill, copy or upload to; it has no code for it.

The last one is qemu-img's, which measures how fast a password can be tried: a clock that ticks coarsely, or a machine
with much to do, keeps it from that for a moment.
"""

Result = TypeVar("Result")


def patiently(call: Callable[[], Result]) -> Result:
    """Call until the thing is free; raises libvirt.libvirtError as the last try did."""
    for seconds in WAITS:
        try:
            return call()
        except libvirt.libvirtError as error:
            if not is_busy(str(error)):
                raise
        pause(seconds)
    return call()


def is_busy(reason: str) -> bool:
    """Whether a refusal passes by itself."""
    return any(words in reason for words in BUSY)
