"""The console reader, over a stream that stands in for libvirt's: the test driver has no consoles."""

import re
from collections import deque
from collections.abc import Callable

import libvirt
import pytest

from virtprov.host.running.console import READABLE, ConsoleReader, find_last_lines

Callback = Callable[["Stream", int, None], None]
NOTHING_YET = -2


class Stream:
    def __init__(self) -> None:
        self.pieces: deque[bytes | int | libvirt.libvirtError] = deque()
        self.callback: Callback | None = None
        self.aborted = False

    def eventAddCallback(self, events: int, callback: Callback, opaque: None) -> None:  # noqa: N802
        assert events == READABLE
        self.callback = callback

    def eventRemoveCallback(self) -> None:  # noqa: N802
        if self.callback is None:
            raise libvirt.libvirtError("stream does not have a callback registered")
        self.callback = None

    def say(self, *pieces: bytes | libvirt.libvirtError) -> None:
        """Let the event loop call for each piece."""
        for piece in pieces:
            self.pieces += (piece, NOTHING_YET)
            if self.callback is not None:
                self.callback(self, libvirt.VIR_STREAM_EVENT_READABLE, None)

    def recv(self, size: int) -> bytes | int:
        piece = self.pieces.popleft()
        if isinstance(piece, libvirt.libvirtError):
            raise piece
        return piece

    def abort(self) -> None:
        self.aborted = True


class Conn:
    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def newStream(self, flags: int) -> Stream:  # noqa: N802
        assert flags == libvirt.VIR_STREAM_NONBLOCK, "no thread may wait in libvirt for the guest"
        return self.stream


class Domain:
    def __init__(self, *, busy: bool = False) -> None:
        self.busy = busy

    def openConsole(self, device: None, stream: Stream, flags: int) -> None:
        if self.busy:
            raise libvirt.libvirtError("Active console session exists for this domain")


def test_who_waits_for_a_line_is_woken_even_if_it_comes_in_pieces() -> None:
    stream, rung = Stream(), []
    with ConsoleReader(Conn(stream), Domain()) as reader:
        reader.alert(re.compile("finished at"), lambda: rung.append(reader.text()))
        stream.say(b"Cloud-init v. 22.4.2 fini")
        assert rung == []
        stream.say(b"shed at Thu\n")
        assert len(rung) == 1
        stream.say(b"x" * 1000, b"y" * 1000)
        assert len(rung) == 2, "only what is new counts"


def test_another_boot_begins_with_nothing() -> None:
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain()) as reader:
        stream.say(b"login: ")
        reader.forget()
        assert reader.text() == ""
        stream.say(b"GRUB")
        assert reader.text() == "GRUB"


def test_what_the_guest_says_is_kept() -> None:
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain()) as reader:
        stream.say(b"Debian boots\r\n", b"\x1b[0m\r\n", b"login: ")
        assert reader.text().startswith("Debian boots")
        assert reader.tail() == ["Debian boots", "login:"]
        assert not reader.silent
    assert stream.aborted


def test_only_the_end_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("virtprov.host.running.console.KEPT", 10)
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain()) as reader:
        stream.say(b"0123456789abcdef")
        assert reader.text() == "6789abcdef"


@pytest.mark.parametrize("end", [b"", libvirt.libvirtError("the guest is off")])
def test_the_loop_is_not_asked_again_after_the_end(end: bytes | libvirt.libvirtError) -> None:
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain()) as reader:
        stream.say(b"Power down", end)
        assert stream.callback is None and reader.text() == "Power down"


def test_a_console_in_use_is_left_alone() -> None:
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain(busy=True)) as reader:
        assert reader.silent and reader.text() == "" and reader.tail() == []
    assert not stream.aborted


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("\x1b[2J\x1b[01;31mred\x1b[0m text\r\n", ["red text"]),
        ("\x1b]0;a title\x07shell\n\x1b]0;another\x1b\\prompt", ["shell", "prompt"]),
        ("10%\r20%\r30%", ["10%", "20%", "30%"]),
        ("\x1b(Bplain\x1b7\x1b8", ["plain"]),
        ("one\n\x1b[", ["one"]),
        ("abc\u202edef\x00", ["abcdef"]),
        ("\n \n", []),
    ],
)
def test_the_last_lines_steer_no_terminal(text: str, lines: list[str]) -> None:
    assert find_last_lines(text, 5) == lines
    assert find_last_lines("before\n" * 9 + text, 5)[5 - len(lines) :] == lines
