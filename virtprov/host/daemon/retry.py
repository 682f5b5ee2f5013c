"""Retry when a pool or volume is temporarily in use by another command."""

from __future__ import annotations

from typing import TypeVar

import libvirt

from virtprov.support.slow_calls.waiting import pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, *(1.0,) * 28)
"""Seconds between the attempts, half a minute in total."""
PASSING = "virtprov-"
"""The prefix of the names of temporary pools."""
BUSY = (
    "has asynchronous jobs running",
    "is still being allocated",
    "is still in use",
    f"Storage source conflict with pool: '{PASSING}",
    "Unable to get accurate CPU usage",
)
"""libvirt's messages for pools and volumes that are being filled, copied or uploaded to; they have no own code.

The last one is from qemu-img, which measures how fast a password can be tried: it sometimes fails with a coarse clock
or on a busy machine.
"""

Result = TypeVar("Result")


def patiently(call: Callable[[], Result]) -> Result:
    """Retry a call until the object is free; raises the libvirt.libvirtError of the last attempt."""
    for seconds in WAITS:
        try:
            return call()
        except libvirt.libvirtError as error:
            if not is_busy(str(error)):
                raise
        pause(seconds)
    return call()


def is_busy(reason: str) -> bool:
    """Return whether an error is temporary."""
    return any(words in reason for words in BUSY)
