"""Random access to a large file on a server, with a small cache: what is close together is asked for once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 32 * 1024
KEPT = 128
"""Blocks that are kept: 4 MiB."""


class Blocks:
    """Reads a file in blocks. `fetch(offset, size)` asks the server, and may return less at the end of the file.

    What `fetch` raises is passed on.
    """

    def __init__(self, fetch: Callable[[int, int], bytes]) -> None:
        self._fetch = fetch
        self._blocks: dict[int, bytes] = {}

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset` on."""
        if offset < 0 or size <= 0:
            return b""
        first, last = offset // BLOCK, (offset + size - 1) // BLOCK
        self._load(first, last)
        data = b"".join(self._blocks.get(number, b"") for number in range(first, last + 1))
        start = offset - first * BLOCK
        self._drop_old()
        return data[start : start + size]

    def _load(self, first: int, last: int) -> None:
        """Fetch the blocks that are missing, neighbours with one request."""
        missing = [number for number in range(first, last + 1) if number not in self._blocks]
        while missing:
            count = 1
            while count < len(missing) and missing[count] == missing[0] + count:
                count += 1
            data = self._fetch(missing[0] * BLOCK, count * BLOCK)
            for place, number in enumerate(missing[:count]):
                self._blocks[number] = data[place * BLOCK : (place + 1) * BLOCK]
            missing = missing[count:]

    def _drop_old(self) -> None:
        for number in list(self._blocks)[: max(0, len(self._blocks) - KEPT)]:
            del self._blocks[number]
