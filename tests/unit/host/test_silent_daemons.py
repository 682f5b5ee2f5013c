"""A daemon that accepts and says nothing, as one that was stopped does; and calls that do not come back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import libvirt
import pytest

from virtprov.actions.run.interrupt import Gate
from virtprov.host.connection import connect
from virtprov.host.daemon import calls, opening
from virtprov.host.failures import Lost, asking
from virtprov.host.uri import parse
from virtprov.support.errors import UsageError
from virtprov.support.slow_calls import waiting

BIN = Path(__file__).resolve().parents[3] / "bin"
ENDLESS = 60.0
"""Seconds that a wait takes which nothing ends."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[socket.socket]:
    """A unix socket on which the kernel accepts for a daemon that does not run."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "libvirt.sock"))
        listening.listen()
        yield listening


@pytest.fixture
def stopped(server: socket.socket) -> str:
    """The URI of that daemon."""
    return f"qemu+unix:///system?socket={server.getsockname()}"


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is told, and limits that no test waits long for."""
    told: list[str] = []
    monkeypatch.setattr(waiting.state, "tell", told.append, raising=False)
    monkeypatch.setattr(waiting.state, "left", False, raising=False)
    monkeypatch.setattr(waiting.state, "shown", 0, raising=False)
    monkeypatch.setattr(waiting.state, "presses", 0, raising=False)
    for module in (calls, waiting):
        monkeypatch.setattr(module, "SLICE", 0.01)
    monkeypatch.setattr(waiting, "LONG", 0.05)
    monkeypatch.setenv(opening.VARIABLE, "0.3")
    yield told


# -- opening -------------------------------------------------------------------------------------


def test_a_daemon_that_says_nothing_is_given_up(stopped: str, state: list[str]) -> None:
    began = monotonic()
    with pytest.raises(Lost) as caught:
        connect(stopped)
    assert monotonic() - began < ENDLESS / 2
    assert caught.value.message == f"cannot connect to '{stopped}': libvirt does not answer within 0.3 seconds"
    assert "systemctl status virtqemud" in caught.value.hint and opening.VARIABLE in caught.value.hint
    assert state == [f"Waiting for {stopped} ..."]


def test_one_that_accepts_on_tcp_is_given_up_too() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with pytest.raises(Lost, match="libvirt does not answer within 0.3 seconds"):
            connect(f"qemu+tcp://127.0.0.1:{server.getsockname()[1]}/system")


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan"])
def test_the_limit_is_a_number_of_seconds(text: str, stopped: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(opening.VARIABLE, text)
    with pytest.raises(UsageError, match="is not a number of seconds"):
        connect(stopped)


def test_ten_seconds_none_or_longer_where_ssh_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(opening.VARIABLE)
    monkeypatch.setattr(opening, "_has_terminal", lambda: True)
    assert opening.limit_for(parse("qemu:///system")) == 10
    assert opening.limit_for(parse("qemu+ssh://vm/system?no_tty=1")) == 10
    assert opening.limit_for(parse("qemu+ssh://vm/system")) == 130
    monkeypatch.setenv(opening.VARIABLE, "0")
    assert opening.limit_for(parse("qemu+ssh://vm/system")) is None


def test_the_time_in_which_the_user_types_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(prompt: str, secret: bool) -> str:
        threading.Event().wait(1.1)
        return "tiger"

    monkeypatch.setenv(opening.VARIABLE, "1")
    questions = opening._Questions(ask)
    answer = opening._patiently(lambda: questions.ask("Password: ", True), "esx://vm", parse("esx://vm"), questions)
    assert answer == "tiger"


@pytest.mark.parametrize("tool", ["virtprov-install", "virtprov-clone", "virtprov-xml"])
def test_ctrl_c_ends_the_waiting(tool: str, stopped: str, server: socket.socket) -> None:
    words = {
        "virtprov-install": ["--name", "a", "--memory", "64", "--disk", "none", "--import", "--osinfo", "generic"],
        "virtprov-clone": ["--original", "a", "--auto-clone"],
        "virtprov-xml": ["a", "--edit", "--memory", "64"],
    }[tool]
    around = {**os.environ, opening.VARIABLE: f"{ENDLESS:.0f}"}
    argv = [str(BIN / tool), "--connect", stopped, *words]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=around) as running:
        assert running.stderr is not None
        silent, _ = server.accept()
        with silent:  # closed, it would be an answer
            running.send_signal(signal.SIGINT)
            assert running.wait(ENDLESS / 2) == 130
        assert running.stderr.read().endswith(f"{tool}: interrupted\n")


# -- calls ---------------------------------------------------------------------------------------


class Slow:
    """Some object of libvirt whose answers take until `answer` is set; `asked` is set when it is asked."""

    _o = object()

    def __init__(self) -> None:
        self.answer, self.asked = threading.Event(), threading.Event()
        self.threads: list[int] = []

    def name(self) -> str:
        self.threads.append(threading.get_ident())
        return "slow"

    def XMLDesc(self, flags: int) -> str:  # noqa: N802  (libvirt's name)
        self.threads.append(threading.get_ident())
        self.asked.set()
        self.answer.wait(ENDLESS)
        return f"<domain flags='{flags}'/>"

    def other(self) -> list[Any]:
        return [Slow()]

    def fail(self) -> None:
        raise KeyError("no")


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def beside(work: Callable[[], object]) -> threading.Thread:
    """Do something in another thread."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def interrupt_when(asked: threading.Event) -> threading.Thread:
    """Press Ctrl-C when the host is asked."""

    def press() -> None:
        asked.wait(ENDLESS)
        interrupt()

    return beside(press)


def interrupt_until_left(asked: threading.Event) -> threading.Thread:
    """Press Ctrl-C from then on until the call is left: a signal may follow too closely upon another one."""

    def press() -> None:
        asked.wait(ENDLESS)
        while not waiting.state.left:
            interrupt()
            threading.Event().wait(0.1)

    return beside(press)


def test_a_call_is_made_in_another_thread_and_what_needs_none_is_not() -> None:
    slow = Slow()
    slow.answer.set()
    stand_in = calls.remote(slow, "qemu:///system")
    assert stand_in.XMLDesc(3) == "<domain flags='3'/>" and stand_in.name() == "slow"
    assert slow.threads[0] != threading.get_ident() == slow.threads[1]
    assert stand_in._o is Slow._o and isinstance(stand_in.other()[0], calls.Remote)
    with pytest.raises(KeyError):
        stand_in.fail()
    assert calls.on(stand_in, lambda thing: thing.name(), stand_in) == "slow"


def test_a_long_call_is_told_of_and_not_given_up(state: list[str]) -> None:
    slow = Slow()
    stand_in = calls.remote(slow, "qemu:///system")

    def answer_when_told() -> None:
        while not state:
            threading.Event().wait(0.01)
        slow.answer.set()

    beside(answer_when_told)
    with asking("read the document of the guest 'web'"):
        assert stand_in.XMLDesc(0) == "<domain flags='0'/>"
    assert state == ["Waiting for qemu:///system to read the document of the guest 'web' ..."]


def test_not_where_progress_is_shown(state: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setattr(waiting.state, "shown", 1, raising=False)
    threading.Timer(0.3, slow.answer.set).start()
    calls.remote(slow, "qemu:///system").XMLDesc(0)
    assert state == []


def test_ctrl_c_leaves_a_call_and_no_other_one_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "GRACE", 0.01)
    slow = Slow()
    stand_in = calls.remote(slow, "qemu:///system")
    interrupt_when(slow.asked)
    with pytest.raises(KeyboardInterrupt):
        stand_in.XMLDesc(0)
    assert waiting.state.left
    for _ in range(2):
        with pytest.raises(Lost, match="cannot look: qemu:///system does not answer"), asking("look"):
            stand_in.XMLDesc(0)
    slow.answer.set()
    for _ in range(100):
        try:
            assert stand_in.XMLDesc(1) == "<domain flags='1'/>"
            break
        except libvirt.libvirtError:
            threading.Event().wait(0.01)
    else:
        pytest.fail("a call that came back after all lets others begin")


def test_a_call_that_comes_back_soon_after_ctrl_c_has_not_lost_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "GRACE", ENDLESS)
    slow = Slow()
    stand_in = calls.remote(slow, "qemu:///system")
    interrupt_when(slow.asked)
    with pytest.raises(KeyboardInterrupt):
        stand_in.XMLDesc(0)
    threading.Timer(0.1, slow.answer.set).start()
    assert [stand_in.XMLDesc(1), stand_in.XMLDesc(2)] == ["<domain flags='1'/>", "<domain flags='2'/>"]


def test_the_second_ctrl_c_leaves_a_change_that_does_not_come_back(state: list[str]) -> None:
    slow = Slow()
    stand_in = calls.remote(slow, "qemu:///system")
    gate = Gate()
    with gate.delay_interrupts():
        pressing = interrupt_until_left(slow.asked)
        with pytest.raises(waiting.Abandoned):
            stand_in.XMLDesc(0)
        pressing.join()
    assert any(
        "The host has not answered yet; its work is undone as soon as it answers. Press Ctrl-C again to quit now."
        in sentence
        for sentence in state
    )
    slow.answer.set()


def test_the_first_one_waits_until_it_can_be_undone() -> None:
    slow = Slow()
    stand_in = calls.remote(slow, "qemu:///system")
    gate = Gate()

    def press() -> None:
        slow.asked.wait(ENDLESS)
        interrupt()
        while not gate.pending:
            threading.Event().wait(0.01)
        slow.answer.set()

    with gate.delay_interrupts():
        beside(press)
        assert stand_in.XMLDesc(0)
        with pytest.raises(KeyboardInterrupt):
            gate.check()


def test_a_pause_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    pausing = threading.Event()
    look = waiting.Wait.look

    def noted(wait: waiting.Wait) -> None:
        pausing.set()
        look(wait)

    monkeypatch.setattr(waiting.Wait, "look", noted)
    with Gate().delay_interrupts():
        pressing = interrupt_until_left(pausing)
        with pytest.raises(waiting.Abandoned):
            waiting.pause(ENDLESS)
        pressing.join()


def test_every_connection_to_a_daemon_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []

    class Conn:
        _o = object()

        def setKeepAlive(self, *how: int) -> None:  # noqa: N802
            seen.append(how)

        def getURI(self) -> str:  # noqa: N802
            return "qemu:///system"

    monkeypatch.setattr(libvirt, "openAuth", lambda *words: Conn())
    host = connect("qemu:///system")
    assert seen == [opening.KEEPALIVE] and isinstance(host._link.conn, calls.Remote)


def test_who_lost_a_connection_is_told_so() -> None:
    from virtprov.host.failures import in_our_words

    error = calls.silent("qemu:///system")
    said = "Cannot recv data: connection closed due to keepalive timeout"
    error.err = (libvirt.VIR_ERR_INTERNAL_ERROR, 0, f"internal error: {said}", 2, "internal error: %s", said, None)
    assert isinstance(in_our_words("look", error), Lost)
