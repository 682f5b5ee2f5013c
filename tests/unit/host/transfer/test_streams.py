from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from virtprov.host.transfer.streams import (
    CHUNK,
    HOLE,
    finish_stream,
    next_section,
    pour,
    receive,
    send,
    send_sparse,
    watch_call,
)

MIB = 1024 * 1024


class Wire:
    """The far end of a stream as libvirt offers it: keeps what arrives, hands out what it holds."""

    def __init__(self, holds: bytes = b"", takes: int = 1000) -> None:
        self.arrived = bytearray()
        self.holds = io.BytesIO(holds)
        self.takes = takes
        self.ended = ""

    def send(self, data: bytes) -> int:
        taken = data[: self.takes]
        self.arrived += taken
        return len(taken)

    def recv(self, most: int) -> bytes:
        return self.holds.read(min(most, self.takes))

    def finish(self) -> None:
        self.ended = "finished"

    def abort(self) -> None:
        self.ended = "aborted"

    def sparseSendAll(self, data, hole, skip, opaque):  # type: ignore[no-untyped-def]  # noqa: N802
        """libvirt's loop: section after section until there is neither data nor a hole."""
        while True:
            in_data, length = hole(self, opaque)
            if not in_data and length:
                self.arrived += bytes(length)
                skip(self, length, opaque)
                continue
            chunk = data(self, min(length, self.takes), opaque)
            if not chunk:
                return
            self.send(chunk)


def test_everything_is_sent_however_little_is_taken_at_a_time() -> None:
    data = os.urandom(2 * CHUNK + 17)
    wire, seen = Wire(takes=100_000), []
    assert send(wire, io.BytesIO(data), len(data), lambda done, total: seen.append((done, total))) == len(data)
    assert bytes(wire.arrived) == data
    assert seen == sorted(seen) and seen[-1] == (len(data), len(data))


def test_everything_is_received() -> None:
    data, sink = os.urandom(10_000), io.BytesIO()
    assert receive(Wire(data, takes=999), sink) == 10_000
    assert sink.getvalue() == data


def sparse_file(path: Path) -> bytes:
    """Data, a hole, data in two lots, a hole at the end."""
    with path.open("wb") as file:
        file.write(b"head" * 1024)
        file.seek(2 * MIB)
        file.write(os.urandom(MIB))
        file.truncate(4 * MIB)
    return path.read_bytes()


def test_sections_of_a_sparse_file(tmp_path: Path) -> None:
    whole = sparse_file(tmp_path / "disk.img")
    handle = os.open(tmp_path / "disk.img", os.O_RDONLY)
    try:
        os.lseek(handle, 5, os.SEEK_SET)
        position, sections = 0, []
        while (section := next_section(handle, position)) != (False, 0):
            sections.append(section)
            position += section[1]
        assert os.lseek(handle, 0, os.SEEK_CUR) == 5, "the handle stands where it stood"
    finally:
        os.close(handle)
    assert position == len(whole)
    start = 0
    for is_data, length in sections:
        assert is_data or whole[start : start + length] == bytes(length)
        start += length


def test_a_sparse_file_arrives_whole(tmp_path: Path) -> None:
    whole, wire, seen = sparse_file(tmp_path / "disk.img"), Wire(takes=70_000), []
    with (tmp_path / "disk.img").open("rb") as source:
        send_sparse(wire, source, len(whole), lambda done, total: seen.append((done, total)))
    assert bytes(wire.arrived) == whole
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1] <= len(whole)


def test_an_empty_file_arrives(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    wire = Wire()
    with (tmp_path / "empty").open("rb") as source:
        send_sparse(wire, source, 0, None)
    assert wire.arrived == b""


def test_a_stream_ends_well_or_is_aborted() -> None:
    wire = Wire()
    finish_stream(wire, lambda: None)
    assert wire.ended == "finished"
    for failure in (KeyboardInterrupt, OSError):

        def pour(failure: type[BaseException] = failure) -> None:
            raise failure

        wire = Wire()
        with pytest.raises(failure):
            finish_stream(wire, pour)
        assert wire.ended == "aborted"


def test_a_watched_call_gives_its_result_and_its_failure() -> None:
    assert watch_call(lambda: 5, lambda made: None, lambda: None) == 5
    with pytest.raises(ZeroDivisionError):
        watch_call(lambda: 1 // 0, lambda made: None, lambda: None)


def test_a_watched_call_ticks_until_it_is_done() -> None:
    enough, ticks = threading.Event(), []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            enough.set()

    assert watch_call(lambda: enough.wait(60), lambda made: None, tick, every=0.001) is True
    assert len(ticks) >= 3


def test_an_interrupted_call_is_waited_for_and_its_work_dropped() -> None:
    begun = threading.Event()
    dropped: list[str] = []

    def work() -> str:
        begun.wait(60)
        return "made"

    def tick() -> None:
        begun.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch_call(work, dropped.append, tick, every=0.001)
    assert dropped == ["made"]


class Sections:
    """The far end of a sparse stream that brings data (bytes) and holes (their length)."""

    def __init__(self, *sections: bytes | int) -> None:
        self.sections = list(sections)

    def recvFlags(self, most: int, flags: int) -> bytes | int:  # noqa: N802
        if not self.sections:
            return b""
        first = self.sections[0]
        if isinstance(first, int):
            return HOLE
        self.sections[0] = first[most:]
        if not self.sections[0]:
            self.sections.pop(0)
        return first[:most]

    def recvHole(self) -> int:  # noqa: N802
        length = self.sections.pop(0)
        assert isinstance(length, int)
        return length


class Sink(Wire):
    """The far end of a sparse stream that keeps what arrives, and where holes are."""

    def __init__(self) -> None:
        super().__init__()
        self.holes: list[tuple[int, int]] = []

    def sendHole(self, length: int) -> None:  # noqa: N802
        self.holes.append((len(self.arrived), length))
        self.arrived += bytes(length)


def test_holes_are_poured_as_holes() -> None:
    data, sink, seen = os.urandom(2 * CHUNK + 17), Sink(), list[int]()
    pour(Sections(4096, data, 8192, b"end", 5), sink, seen.append)
    assert bytes(sink.arrived) == bytes(4096) + data + bytes(8192) + b"end" + bytes(5)
    assert sink.holes == [(0, 4096), (4096 + len(data), 8192), (4096 + len(data) + 8192 + 3, 5)]
    assert seen == sorted(seen) and seen[-1] == len(data) + 3


def test_nothing_to_pour() -> None:
    sink = Sink()
    pour(Sections(), sink, print)
    assert not sink.arrived and not sink.holes
