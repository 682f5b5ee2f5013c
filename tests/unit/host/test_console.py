"""The console reader, over a stream that stands in for libvirt's: the test driver has no consoles."""

import queue
import re

import libvirt
import pytest

from virtprov.host.console import ConsoleReader, find_last_lines


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


def test_who_waits_for_a_line_is_woken_even_if_it_comes_in_pieces() -> None:
    stream, rung = Stream(), []
    with ConsoleReader(Conn(stream), Domain(), "g") as reader:
        reader.alert(re.compile("finished at"), lambda: rung.append(reader.text()))
        stream.say(b"Cloud-init v. 22.4.2 fini")
        assert rung == []
        stream.say(b"shed at Thu\n")
        assert len(rung) == 1
        stream.say(b"x" * 1000, b"y" * 1000)
        assert len(rung) == 2, "only what is new counts"


def test_another_boot_begins_with_nothing() -> None:
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain(), "g") as reader:
        stream.say(b"login: ")
        reader.forget()
        assert reader.text() == ""
        stream.say(b"GRUB")
        assert reader.text() == "GRUB"


def test_what_the_guest_says_is_kept() -> None:
    stream = Stream()
    with ConsoleReader(Conn(stream), Domain(), "g") as reader:
        stream.say(b"Debian boots\r\n", b"\x1b[0m\r\n", b"login: ")
        assert reader.text().startswith("Debian boots")
        assert reader.tail() == ["Debian boots", "login:"]
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
