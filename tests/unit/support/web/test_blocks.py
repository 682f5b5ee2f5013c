"""Random access to a file on a server."""

from __future__ import annotations

from virtprov.support.web.blocks import BLOCK, KEPT, Blocks

DATA = bytes(range(251)) * 4000  # 1,004,000 bytes, no whole number of blocks


class Server:
    def __init__(self, size: int = len(DATA)) -> None:
        self.asked: list[tuple[int, int]] = []
        self.size = size

    def fetch(self, offset: int, size: int) -> bytes:
        self.asked.append((offset, size))
        return DATA[offset : min(offset + size, self.size)]


def test_neighbours_are_asked_for_once() -> None:
    server = Server()
    blocks = Blocks(server.fetch)
    assert blocks.read(16 * 2048, 2048) == DATA[32768:34816]
    assert blocks.read(17 * 2048, 2048) == DATA[34816:36864]
    assert blocks.read(BLOCK - 10, 2 * BLOCK) == DATA[BLOCK - 10 : 3 * BLOCK - 10]
    assert server.asked == [(BLOCK, BLOCK), (0, BLOCK), (2 * BLOCK, BLOCK)]


def test_the_end_and_beyond() -> None:
    blocks = Blocks(Server().fetch)
    assert blocks.read(len(DATA) - 3, 100) == DATA[-3:]
    assert blocks.read(len(DATA) + BLOCK * 5, 100) == b""
    assert blocks.read(-1, 10) == b"" and blocks.read(5, 0) == b""


def test_the_cache_is_bounded() -> None:
    blocks = Blocks(lambda offset, size: b"x" * size)
    for number in range(KEPT * 2):
        blocks.read(number * BLOCK, 1)
    assert len(blocks._blocks) == KEPT
    blocks.read(0, (KEPT + 50) * BLOCK)
    assert len(blocks._blocks) == KEPT
