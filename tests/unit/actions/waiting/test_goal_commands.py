"""The commands of --wait run=: by the guest agent, or through ssh."""

from __future__ import annotations

import base64
from collections import deque
from typing import Any

import pytest

from tests.waited import OPEN, Guest, Run, Said, gets, nothing, opens_ssh
from virtprov.actions.waiting.wait_goals import WaitGoals
from virtprov.support.errors import HostError, WaitTimeout

# -- commands in the guest ------------------------------------------------------------------------


def exited(status: int, out: str = "", **more: Any) -> dict[str, Any]:
    return {"exited": True, "exitcode": status, "out-data": base64.b64encode(out.encode()).decode(), **more}


def test_a_command_runs_until_it_succeeds(run: Run) -> None:
    guest = Guest(agent=True)
    guest.results.extend([{"exited": False}, exited(1), {"exited": "soon"}, exited(0)])
    runs, said = run(guest, WaitGoals(commands=("test -e /ready",)))
    assert runs and guest.ran == ["/bin/sh -c test -e /ready"] * 2 and said.reached == ["agent", "run"]


def test_a_command_waits_for_all_else(run: Run) -> None:
    guest = Guest(nothing, gets("lease", "192.168.122.5"), agent=True)
    guest.results.append(exited(0))
    began: list[float] = []
    guest.on_guest_exec = lambda facts: began.append(guest.now) or {"pid": 1}  # type: ignore[method-assign,func-returns-value]
    assert run(guest, WaitGoals(ip=True, commands=("true",)))[0]
    assert began == [2.0]


def test_a_command_in_windows(run: Run) -> None:
    guest = Guest(agent=True)
    guest.results.append(exited(0))
    run(guest, WaitGoals(commands=("dir",), windows=True))
    assert guest.ran == ["cmd.exe /c dir"]


def test_a_command_that_never_succeeds(run: Run) -> None:
    guest = Guest(agent=True)
    guest.results.extend([exited(3, "not \x1b[31myet\n")] * 99)
    said = Said(guest)
    with pytest.raises(WaitTimeout, match="'g' has not run 'test' successfully after 1 min"):
        run(guest, WaitGoals(commands=("test",)), said=said)
    assert r"run=test: ended with 3: not \x1b[31myet" in said.lines


def test_an_agent_that_may_not_run_commands(run: Run) -> None:
    guest = Guest(agent=True)

    def refuse(facts: Any) -> Any:
        raise HostError("the command guest-exec has been disabled")

    guest.on_guest_exec = refuse  # type: ignore[method-assign]
    said = Said(guest)
    with pytest.raises(WaitTimeout):
        run(guest, WaitGoals(commands=("test",)), said=said)
    assert "run=test: the command guest-exec has been disabled" in said.lines


# -- commands through ssh -------------------------------------------------------------------------


class Typed:
    """A command through ssh, which ends when it is looked at; `results` are what its runs come to."""

    def __init__(self, results: list[tuple[int, str]]) -> None:
        self.results = deque(results)
        self.places: list[tuple[str, int]] = []
        self.has_succeeded, self.is_running, self.was_tried, self.closed, self.said = False, False, False, False, ""

    def look(self) -> None:
        status, self.said = self.results.popleft()
        self.has_succeeded, self.is_running = status == 0, False

    def begin(self, place: tuple[str, int]) -> None:
        self.places.append(place)
        self.is_running = self.was_tried = True

    def in_words(self) -> str:
        return self.said

    def close(self) -> None:
        self.closed = True


def by_ssh(monkeypatch: pytest.MonkeyPatch, *results: tuple[int, str]) -> tuple[WaitGoals, Typed]:
    typed = Typed(list(results))
    monkeypatch.setattr("virtprov.actions.waiting.sources.SshCommand", lambda log_in, command: typed)
    goals = WaitGoals(commands=("test -e /ready",), log_in=lambda address, port: ["ssh"], route=OPEN)
    return goals, typed


AT = ("192.168.122.5", 22)


def test_without_an_agent_a_command_runs_through_ssh(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    goals, typed = by_ssh(monkeypatch, (1, "no"), (0, ""))
    guest = Guest(gets("lease", AT[0]), nothing, opens_ssh)
    runs, said = run(guest, goals)
    assert runs and typed.places == [AT, AT] and guest.ran == [] and said.reached == ["ip", "ssh", "run"]
    assert typed.closed


def test_the_agent_runs_a_command_if_it_can(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    goals, typed = by_ssh(monkeypatch)
    guest = Guest(nothing, agent=True)
    guest.known["lease"] = [AT[0]]
    opens_ssh(guest)
    guest.results.append(exited(0))
    assert run(guest, goals)[0]
    assert typed.places == [] and guest.ran == ["/bin/sh -c test -e /ready"]


def test_an_agent_that_may_not_leaves_it_to_ssh(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    goals, typed = by_ssh(monkeypatch, (0, ""))
    guest = Guest(nothing, agent=True)
    guest.known["lease"] = [AT[0]]
    opens_ssh(guest)

    def refuse(facts: Any) -> Any:
        raise HostError("the command guest-exec has been disabled")

    guest.on_guest_exec = refuse  # type: ignore[method-assign]
    assert run(guest, goals)[0] and typed.places == [AT]


def test_what_ssh_said_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    goals, typed = by_ssh(monkeypatch, *[(255, "ssh failed: Permission denied")] * 99)
    guest = Guest()
    guest.known["lease"] = [AT[0]]
    opens_ssh(guest)
    said = Said(guest)
    with pytest.raises(WaitTimeout):
        run(guest, goals, said=said)
    assert "run=test -e /ready through ssh: ssh failed: Permission denied" in said.lines
    assert "run=test -e /ready: not tried by the agent, which has not answered" in said.lines and typed.closed
