"""What `--wait` waits for, as it was asked for."""

from __future__ import annotations

from virtprov.support.frozen import Record

IP, SSH, AGENT, CLOUD_INIT, READY, SHUTDOWN, RUN = "ip", "ssh", "agent", "cloud-init", "ready", "shutdown", "run"
GOALS = (IP, SSH, AGENT, CLOUD_INIT, READY, SHUTDOWN, RUN)
"""What can be waited for."""
MINUTES = 10.0
"""How long to wait for something that is named, unless `timeout=` says otherwise."""


class Goals(Record):
    """What a guest is waited for.

    `words` are of GOALS, in the order given; `commands` are those of `run=`, which have to succeed in the guest.
    `minutes` is the time for all of it: None for the default, negative for no limit.
    """

    words: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    minutes: float | None = None
