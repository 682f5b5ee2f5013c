"""Ctrl-C while several guests are changed at a time: it ends soon, and what is said afterwards is true."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.edit import journal, undo
from virtprov.actions.edit.apply import Work
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.run import workers
from virtprov.actions.run.plan import RunContext
from virtprov.host.connection import Host, connect
from virtprov.host.inventory.guests import Guests
from virtprov.library.edit_request import Change
from virtprov.library.editing import edit
from virtprov.library.listening import Listener
from virtprov.support.slow_calls import waiting
from virtprov.support.user_files import state

GUEST = "<domain type='test'><name>g{:02d}</name><memory>65536</memory><os><type>hvm</type></os></domain>"
COUNT = 40
CALL = 0.01
"""Seconds that the host takes to store a definition."""
JOBS = 4
LONG = 60.0
"""Seconds after which a call that does not come back ends by itself."""
MEMORY = Change("edit", "memory", "128")


@pytest.fixture(autouse=True)
def own_state(home: object) -> Iterator[None]:
    """No test sees the journals of another; nothing is known of interrupts."""
    yield
    waiting.state.left, waiting.state.presses = False, 0


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    path = tmp_path / "place.xml"
    path.write_text(f"<node>{''.join(map(GUEST.format, range(COUNT)))}</node>")
    with connect(f"test://{path}") as host:
        yield host


def definitions(host: Host) -> dict[str, str]:
    return {name: host.guests.xml(name, inactive=True, secure=True) for name in host.guests.names()}


class Told(Listener):
    def __init__(self) -> None:
        self.words: list[str] = []

    def on_note(self, text: str) -> None:
        self.words.append(text)

    def on_warning(self, text: str) -> None:
        self.words.append(text)


class Ended(BaseException):
    """What comes after it does not happen, because the process has ended."""


def press() -> float:
    os.kill(os.getpid(), signal.SIGINT)
    return time.monotonic()


@pytest.mark.parametrize("nth", [1, 7, COUNT - 1])
def test_ctrl_c_undoes_what_is_done_and_begins_nothing(nth: int, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    before, stored, lock = definitions(host), list[str](), threading.Lock()
    store = Guests.store_definition

    def slow(guests: Guests, name: str, xml: str) -> tuple[str, str]:
        time.sleep(CALL)
        result = store(guests, name, xml)
        with lock:
            stored.append(name)
            if len(stored) == nth:
                press()
                while not waiting.state.presses:  # until it is heard
                    time.sleep(0.001)
        return result

    monkeypatch.setattr(Guests, "store_definition", slow)
    told = Told()
    with pytest.raises(KeyboardInterrupt):
        edit(host, "*", MEMORY, jobs=JOBS, listener=told)
    begun = nth + JOBS + workers.AHEAD * JOBS
    assert len(stored) <= 2 * begun  # each change that was made is undone
    assert definitions(host) == before
    assert told.words == [] and state.listing(journal.KIND) == []


def test_ctrl_c_twice_leaves_a_call_that_does_not_come_back(
    host: Host, monkeypatch: pytest.MonkeyPatch, context_of: Callable[[Any], RunContext]
) -> None:
    """The host may carry out that change when the command has ended: then --undo restores the guest."""
    before, answer, stuck = definitions(host), threading.Event(), threading.Event()
    pressed: list[float] = []
    store = Guests.store_definition

    def slow(guests: Guests, name: str, xml: str) -> tuple[str, str]:
        if name != "g05" or answer.is_set():
            return store(guests, name, xml)
        stuck.set()
        answer.wait(LONG)
        store(guests, name, xml)
        raise Ended

    def user() -> None:
        stuck.wait(LONG)
        while not waiting.state.left:
            pressed.append(press())
            answer.wait(0.3)

    monkeypatch.setattr(Guests, "store_definition", slow)
    monkeypatch.setattr(workers, "SLICE", 0.05)
    told = Told()
    monkeypatch.setattr(waiting.state, "tell", told.on_note)
    keys = threading.Thread(target=user)
    keys.start()
    with pytest.raises(waiting.Abandoned):
        edit(host, "*", MEMORY, jobs=JOBS, listener=told)
    assert time.monotonic() - pressed[-1] < LONG / 2
    keys.join()
    assert any("Press Ctrl-C again to quit now" in sentence for sentence in told.words)
    assert [sentence for sentence in told.words if "--undo" in sentence] == [
        "'g05' may still be changed, because the host has not answered; `virtprov-xml --undo` restores it"
    ]
    assert definitions(host) == before  # the others are restored
    answer.set()
    for _ in range(200):  # the host carries it out late
        if definitions(host) != before:
            break
        time.sleep(0.02)
    assert definitions(host) != before
    history, meant = undo.last(None, [])
    reports = [answer for _, answer in undo.plan(host, history, meant) if isinstance(answer, GuestReport)]
    Work(context_of(host)).all([report for report in reports if report.first])
    history.undone([past.place for past in meant])
    history.close()
    assert definitions(host) == before
