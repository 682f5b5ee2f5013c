"""The base of a new disk: a read-only volume with a cloud image, which may have to be fetched first."""

from __future__ import annotations

from virtprov.support.frozen import Record


class BaseVolume(Record):
    """A base, in the pool `pool` of the host at `path`.

    `capacity` is the size of its disk in bytes (None: not known before it is fetched), `advised` the least size that a
    new disk gets if the user does not name one. `copies`: the new disk is a full copy, not an overlay.
    """

    pool: str
    name: str
    path: str
    capacity: int | None = None
    advised: int = 0
    copies: bool = False
