"""The console reader, over a stream that stands in for libvirt's: the test driver has no consoles."""

import queue

import libvirt
import pytest

from virtprov.host.console import ConsoleReader


class Stream:
    def __init__(self) -> None:
        self.pieces: queue.Queue[bytes] = queue.Queue()
        self.taken = False
        self.aborted = False

    def say(self, *pieces: bytes) -> None:
        """Send all this, and come back when it has been read."""
        for piece in pieces:
            self.pieces.put(piece)
        self.pieces.join()

    def recv(self, size: int) -> bytes:
        if self.taken:
            self.pieces.task_done()  # the reader is done with the piece before
        self.taken = True
        return self.pieces.get(timeout=10)

    def abort(self) -> None:
        self.aborted = True
        self.pieces.put(b"")


class Conn:
    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def newStream(self, flags: int) -> Stream:
        return self.stream


class Domain:
    def __init__(self, *, busy: bool = False) -> None:
        self.busy = busy

    def openConsole(self, device: None, stream: Stream, flags: int) -> None:
        if self.busy:
            raise libvirt.libvirtError("Active console session exists for this domain")


def test_what_the_guest_says_is_kept() -> None:
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain(), "g") as reader:
        stream.say(b"Debian boots\r\n", b"\x1b[0m\r\n", b"login: ")
        assert reader.text().startswith("Debian boots")
        assert reader.tail() == ["Debian boots", "[0m", "login:"]
        assert not reader.silent
    assert stream.aborted


def test_only_the_end_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("virtprov.host.console.KEPT", 10)
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain(), "g") as reader:
        stream.say(b"0123456789abcdef")
        assert reader.text() == "6789abcdef"


def test_a_console_in_use_is_left_alone() -> None:
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain(busy=True), "g") as reader:
        assert reader.silent and reader.text() == "" and reader.tail() == []
    assert not stream.aborted
