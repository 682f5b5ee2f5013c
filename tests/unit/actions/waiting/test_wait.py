"""Waiting until a guest is off, or done with cloud-init."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.scripted import Scripted
from virtprov.actions.waiting import agent_answers, wait
from virtprov.actions.waiting.wait import Deadline
from virtprov.cloudinit.checks.power_state import PowerState
from virtprov.host.connection import Host
from virtprov.host.daemon.events import GuestEvent
from virtprov.support.errors import GuestBroken, WaitTimeout

# -- deadlines ------------------------------------------------------------------------------------


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_time_runs_out() -> None:
    clock = Clock()
    deadline = Deadline(2, clock)
    assert (deadline.remaining(), deadline.slice(7), deadline.over) == (120.0, 7, False)
    clock.now += 118
    assert (deadline.remaining(), deadline.slice(7), deadline.over) == (2.0, 2.0, False)
    clock.now += 50
    assert (deadline.remaining(), deadline.slice(7), deadline.over) == (0.0, 0.0, True)


@pytest.mark.parametrize("minutes", [None, -1, -0.5])
def test_there_may_be_no_end(minutes: float | None) -> None:
    clock = Clock()
    deadline = Deadline(minutes, clock)
    clock.now += 1e9
    assert (deadline.remaining(), deadline.slice(7), deadline.over) == (None, 7, False)


# -- off ------------------------------------------------------------------------------------------


def test_a_guest_that_is_off_is_not_waited_for(place: Host) -> None:
    place.guests.destroy("web")
    with place.running.watch("web") as watch:
        assert wait.until_off(watch, "web", Deadline(-1)).detail == "destroyed"


def test_a_guest_goes_off_meanwhile(place: Host) -> None:
    with place.running.watch("web") as watch:
        other = threading.Thread(target=place.guests.shutdown, args=("web",))
        other.start()
        event = wait.until_off(watch, "web", Deadline(1))
        other.join()
    assert event.kind == "stopped"


def test_patience_ends(place: Host) -> None:
    match = "'web' has not powered off within 0"
    with place.running.watch("web") as watch, pytest.raises(WaitTimeout, match=match) as caught:
        wait.until_off(watch, "web", Deadline(0))
    assert "virsh console web" in caught.value.hint
    found = place.guests.find("web")
    assert found is not None and found.active


# -- done with cloud-init -------------------------------------------------------------------------


class Guest(Scripted):
    """A guest with an agent and a console, as a host shows it: `turns` is what each further look finds."""

    def __init__(self, *turns: Callable[[Guest], None], agent: bool = True) -> None:
        super().__init__(*turns, agent=agent)
        self.active = True

    def guests_find(self, name: str) -> Any:
        return SimpleNamespace(active=self.active)

    def on_guest_ping(self, facts: Any) -> Any:
        return {}


def result(*errors: str, datasource: str = "DataSourceNoCloud [seed=/dev/vdb]") -> Callable[[Guest], None]:
    def write(guest: Guest) -> None:
        guest.files[agent_answers.RESULT] = json.dumps({"v1": {"datasource": datasource, "errors": list(errors)}})

    return write


def says(text: str) -> Callable[[Guest], None]:
    def speak(guest: Guest) -> None:
        guest.said += text

    return speak


def ends(kind: str, detail: str = "") -> Callable[[Guest], None]:
    def end(guest: Guest) -> None:
        guest.events.append(GuestEvent(kind, detail))

    return end


def nothing(guest: Guest) -> None:
    """Another look that finds nothing new."""


def until_ready(guest: Guest, minutes: float | None = -1, power: PowerState | None = None) -> GuestEvent | None:
    host: Any = guest
    with guest.running_console("g") as console:
        return wait.until_ready(host, host, "g", Deadline(minutes, guest.clock), console, power)


FINISHED = "[   12.3] cloud-init[501]: Cloud-init v. 22.4.2 finished at Thu, 01 Jan 2026 00:00:12 +0000."


@pytest.mark.parametrize(
    "turns",
    [
        (result(),),
        (nothing, nothing, result()),
        (says("booting\n"), says(FINISHED + " Datasource DataSourceNoCloud.  Up 12.3 seconds\n")),
    ],
)
def test_a_guest_gets_ready(turns: tuple[Callable[[Guest], None], ...]) -> None:
    until_ready(Guest(*turns))


def test_the_file_is_closed_again() -> None:
    guest = Guest(result())
    until_ready(guest)
    assert guest.opened == [agent_answers.RESULT, "guest-file-close"]


def test_without_an_agent_the_console_tells() -> None:
    until_ready(Guest(result("never seen"), says(FINISHED + "\n"), agent=False))


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        (result("failed to run module"), "cloud-init in 'g' reports: failed to run module"),
        (result("one", "two", "three", "four"), "reports: one; two; three"),
        (result(datasource="DataSourceNone"), "did not find its seed"),
        (says(FINISHED + " Datasource DataSourceNone.  Up 9 seconds\n"), "did not find its seed"),
        (ends("stopped", "crashed"), "stopped before cloud-init was done: crashed"),
        (ends("stopped", "destroyed"), "stopped before cloud-init was done: destroyed"),
        (ends("crashed", "panicked"), "stopped before cloud-init was done: panicked"),
    ],
)
def test_a_guest_comes_up_broken(turn: Callable[[Guest], None], message: str) -> None:
    with pytest.raises(GuestBroken) as caught:
        until_ready(Guest(nothing, turn))
    assert message in caught.value.message
    assert caught.value.exit_code == 5


def test_a_guest_that_powers_off_by_itself_is_done() -> None:
    until_ready(Guest(ends("stopped", "shut down")))  # power_state in its user-data


def test_a_guest_that_is_off_unnoticed_is_broken() -> None:
    def off(guest: Guest) -> None:
        guest.active = False

    with pytest.raises(GuestBroken, match="'g' is shut off, but cloud-init was not done"):
        until_ready(Guest(off))


def test_patience_with_cloud_init_ends_with_what_the_console_said() -> None:
    guest = Guest(says("a\nb\nreading package lists\n"))
    with pytest.raises(WaitTimeout) as caught:
        until_ready(guest, minutes=0.1)
    assert caught.value.message == (
        "cloud-init in 'g' is not done after 6 s; last lines of its console: a | b | reading package lists"
    )
    assert "--wait" in caught.value.hint and caught.value.exit_code == 4


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"'])
def test_a_result_that_is_still_being_written_is_none(text: str) -> None:
    def write(guest: Guest) -> None:
        guest.files[agent_answers.RESULT] = text

    until_ready(Guest(write, nothing, result()))


# -- and with the reboot that its user-data asks for ------------------------------------------------


def loses_its_agent(guest: Guest) -> None:
    guest.connected, guest.files = False, {}
    guest.events.append(GuestEvent("rebooted"))


def gets_its_agent(guest: Guest) -> None:
    guest.connected = True


def fails(guest: Guest) -> None:
    raise AssertionError("the wait should be over")


LOGIN = "Debian GNU/Linux 12 g ttyS0\n\ng login: "


@pytest.mark.parametrize(
    ("turns", "agent"),
    [
        ((result(), nothing, loses_its_agent, nothing, gets_its_agent, fails), True),
        ((loses_its_agent, nothing, gets_its_agent, fails), True),  # it was done, but not asked in time
        ((says(FINISHED + "\n"), ends("rebooted"), says(LOGIN), fails), False),
        ((says(FINISHED + "\n"), ends("rebooted"), gets_its_agent, fails), False),
        ((ends("rebooted"), says(FINISHED + "\n"), ends("rebooted"), says(LOGIN), fails), False),  # firmware, before
    ],
)
def test_a_reboot_is_waited_for(turns: tuple[Callable[[Guest], None], ...], agent: bool) -> None:
    guest = Guest(*turns, agent=agent)
    until_ready(guest, power=PowerState("reboot"))
    assert list(guest.turns) == [fails]


@pytest.mark.parametrize("mode", ["poweroff", "halt"])
def test_a_power_off_is_waited_for(mode: str) -> None:
    guest = Guest(result(), nothing, ends("rebooted"), ends("stopped", "shut down"), fails)
    until_ready(guest, power=PowerState(mode))
    assert list(guest.turns) == [fails]


def test_a_guest_that_halts_does_not_go_off() -> None:
    guest = Guest(result(), says("[   99.1] reboot: System halted\n"), fails)
    until_ready(guest, power=PowerState("halt"))
    assert list(guest.turns) == [fails]


@pytest.mark.parametrize(
    ("mode", "what"), [("reboot", "rebooted"), ("poweroff", "powered off"), ("halt", "powered off")]
)
def test_a_change_that_does_not_come(mode: str, what: str) -> None:
    with pytest.raises(WaitTimeout, match=f"'g' is done with cloud-init, but has not {what} as its user-data asks"):
        until_ready(Guest(result()), 1, PowerState(mode))


def test_a_guest_that_does_not_come_back() -> None:
    with pytest.raises(WaitTimeout, match="'g' has rebooted as its user-data asks, but is not back within 1 min"):
        until_ready(Guest(result(), loses_its_agent), 1, PowerState("reboot"))


def test_a_guest_that_is_stopped_before_its_reboot() -> None:
    with pytest.raises(GuestBroken, match="'g' stopped before cloud-init was done: destroyed"):
        until_ready(Guest(result(), ends("stopped", "destroyed")), power=PowerState("reboot"))


def test_a_reboot_that_only_the_guest_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "UNSURE_SECONDS", 0)
    until_ready(Guest(result()), power=PowerState("reboot", sure=False))
    guest = Guest(result(), loses_its_agent, gets_its_agent, fails)
    monkeypatch.undo()
    until_ready(guest, power=PowerState("reboot", sure=False))
    assert list(guest.turns) == [fails]


# -- as virt-install waits ----------------------------------------------------------------------------


class Watched(Guest):
    """A guest that may be off already."""

    def wait_stopped(self, timeout: float | None) -> GuestEvent | None:
        return None if self.active else GuestEvent("stopped", "destroyed")


@pytest.mark.parametrize(("turn", "kind"), [(ends("rebooted"), "rebooted"), (ends("agent connected"), "stopped")])
def test_a_first_boot_is_over(turn: Callable[[Guest], None], kind: str) -> None:
    def off(guest: Guest) -> None:
        guest.active = False

    guest = Watched(nothing, turn, off)
    assert wait.until_over(guest, "g", Deadline(-1, guest.clock)).kind == kind  # type: ignore[arg-type]


def test_a_first_boot_that_is_not_over() -> None:
    guest = Watched()
    with pytest.raises(WaitTimeout, match="'g' has neither powered off nor rebooted within 1 min"):
        wait.until_over(guest, "g", Deadline(1, guest.clock))  # type: ignore[arg-type]
