"""Waiting until a guest is what --wait asks for: every source is asked, none is believed blindly."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from tests.scripted import Scripted
from virtprov.actions.run.plan import RunContext
from virtprov.actions.waiting import wait, wait_for_goals
from virtprov.actions.waiting.agent_answers import RESULT
from virtprov.actions.waiting.ssh_route import SshRoute
from virtprov.actions.waiting.wait import Deadline
from virtprov.actions.waiting.wait_goals import WaitGoals
from virtprov.cloudinit.checks.power_state import PowerState
from virtprov.host.daemon.events import GuestEvent
from virtprov.host.info import Address
from virtprov.support.errors import GuestBroken, HostError, WaitTimeout
from virtprov.support.progress import Progress

OPEN = SshRoute()
FINISHED = "Cloud-init v. 22.4.2 finished at Thu, 01 Jan 2026 00:00:12 +0000. Datasource DataSourceNoCloud.\n"
FAILED = (
    "[   11.2] cloud-init[400]: 2026-01-01 00:00:11,482 - cc_scripts_user.py[WARNING]: Failed to run module "
    "scripts-user (scripts in /var/lib/cloud/instance/scripts)\n"
)


class Guest(Scripted):
    """A guest, its host and what happens to it: `turns` is what each further look finds."""

    is_remote = is_recorded = False

    def __init__(self, *turns: Callable[[Guest], object], agent: bool = False) -> None:
        super().__init__(*turns, agent=agent)
        self.answers, self.active, self.stopped = True, True, ""
        self.known: dict[str, list[str]] = {"lease": [], "arp": []}
        self.reported: Any = []
        self.ran: list[str] = []
        self.results: deque[Any] = deque()

    # a watch

    def wait_stopped(self, timeout: float | None) -> GuestEvent | None:
        while timeout and self.turns and not self.stopped:
            self.wait_for(lambda event: False, 0)
        return GuestEvent("stopped", self.stopped) if self.stopped else None

    def wake(self) -> None:
        """Nobody sleeps."""

    # a host

    @contextmanager
    def running_watch(self, name: str) -> Iterator[Any]:
        yield self

    def guests_find(self, name: str) -> Any:
        return SimpleNamespace(active=not self.stopped)

    def guests_xml(self, name: str) -> str:
        return "<domain/>"

    def running_interface_addresses(self, name: str, source: str) -> tuple[Address, ...]:
        if source not in self.known:
            raise HostError("this driver cannot tell")
        return tuple(Address("eth0", "", "", each, 24) for each in self.known[source])

    def on_guest_ping(self, facts: Any) -> Any:
        if not self.answers:
            raise HostError("the agent does not answer")
        return {}

    def on_guest_network_get_interfaces(self, facts: Any) -> Any:
        return self.reported

    def on_guest_exec(self, facts: Any) -> Any:
        self.ran.append(" ".join([facts["path"], *facts["arg"]]))
        return {"pid": len(self.ran)}

    def on_guest_exec_status(self, facts: Any) -> Any:
        return self.results.popleft()


class SshProbe:
    """An ssh port that opens when the guest is told to open it."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.replies: dict[tuple[str, int], str] = {}
        self.open_at: tuple[str, int] | None = None
        self.tried: list[tuple[str, int]] = []

    def __enter__(self) -> SshProbe:
        return self

    def __exit__(self, *failure: object) -> None:
        """Nothing runs."""

    def try_places(self, places: list[tuple[str, int]]) -> None:
        self.tried += places
        if places and self.guest.opened_ssh:
            self.open_at = places[0]
            self.replies[places[0]] = ""
        elif places:
            self.replies[places[0]] = "connection refused"

    def forget(self) -> None:
        self.open_at = None


class Said:
    """What the user was told, and the stages."""

    def __init__(self, guest: Guest) -> None:
        self.lines: list[str] = []
        host: Any = guest
        self.context = RunContext(host, Progress(), self.lines.append, self.lines.append)

    @property
    def reached(self) -> list[str]:
        return [stage.stage for stage in self.context.stages.list()]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[bool, Said]]:
    """Wait for a guest; returns whether it runs, and what was said."""

    def waiting(
        guest: Guest, wanted: WaitGoals, minutes: float = 1, power: PowerState | None = None, said: Said | None = None
    ) -> tuple[bool, Said]:
        guest.opened_ssh = getattr(guest, "opened_ssh", False)  # type: ignore[attr-defined]
        monkeypatch.setattr(wait_for_goals, "SshProbe", lambda found: SshProbe(guest))
        said = said or Said(guest)
        deadline = Deadline(minutes, lambda: guest.now)
        return wait_for_goals.wait_for_goals(said.context, "g", deadline, wanted, power), said

    return waiting


Run = Callable[..., tuple[bool, Said]]


def nothing(guest: Guest) -> None:
    """Another look that finds nothing new."""


def gets(source: str, *addresses: str) -> Callable[[Guest], None]:
    return lambda guest: guest.known.update({source: list(addresses)})


def reports(answer: Any) -> Callable[[Guest], None]:
    def report(guest: Guest) -> None:
        guest.connected, guest.reported = True, answer

    return report


def connects(guest: Guest) -> None:
    guest.connected = True


def opens_ssh(guest: Guest) -> None:
    guest.opened_ssh = True  # type: ignore[attr-defined]


def done(*errors: str) -> Callable[[Guest], None]:
    def finish(guest: Guest) -> None:
        guest.connected = True
        guest.files[RESULT] = json.dumps({"v1": {"datasource": "DataSourceNoCloud", "errors": list(errors)}})

    return finish


def says(text: str) -> Callable[[Guest], None]:
    def speak(guest: Guest) -> None:
        guest.said += text

    return speak


def fails(guest: Guest) -> None:
    raise AssertionError("the wait should be over")


# -- one thing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "turn",
    [
        gets("lease", "192.168.122.5"),
        gets("arp", "192.168.122.5"),
        gets("lease", "fd00::5"),
        reports([{"name": "lo"}, {"name": "eth0", "ip-addresses": [{"ip-address": "192.168.122.5"}]}]),
    ],
)
def test_an_address_from_any_source(run: Run, turn: Callable[[Guest], None]) -> None:
    runs, said = run(Guest(nothing, turn, fails), WaitGoals(ip=True))
    assert runs and "ip" in said.reached


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.3.4", "fe80::1", "::1"])
def test_addresses_that_lead_nowhere_do_not_count(run: Run, address: str) -> None:
    with pytest.raises(WaitTimeout, match="'g' has no known address after 1 min; the guest is left as it is"):
        run(Guest(gets("lease", address), reports([{"ip-addresses": [{"ip-address": address}]}])), WaitGoals(ip=True))


@pytest.mark.parametrize(
    "answer",
    [None, 5, "text", [5], [{"ip-addresses": 7}], [{"ip-addresses": [{"ip-address": "\x1b[2J"}]}], [{}], "{", "[]"],
)
def test_nonsense_is_no_answer_yet(run: Run, answer: Any) -> None:
    guest = Guest(reports(answer), nothing, gets("lease", "192.168.122.5"), fails)
    assert run(guest, WaitGoals(ip=True))[0]


def test_ssh_is_tried_at_the_addresses_that_are_known(run: Run) -> None:
    runs, said = run(Guest(gets("lease", "192.168.122.5"), nothing, opens_ssh, fails), WaitGoals(ssh=True, route=OPEN))
    assert runs and said.reached == ["ip", "ssh"]


def test_ssh_at_a_published_port_needs_no_address(run: Run) -> None:
    route = SshRoute(address="127.0.0.1", port=8022)
    assert run(Guest(nothing, opens_ssh, fails), WaitGoals(ssh=True, route=route))[0]


def test_the_agent_has_to_answer(run: Run) -> None:
    guest = Guest(connects, nothing, lambda guest: setattr(guest, "answers", True), fails)
    guest.answers = False
    runs, said = run(guest, WaitGoals(agent=True))
    assert runs and said.reached == ["agent"]


@pytest.mark.parametrize("turns", [(connects,), (gets("lease", "192.168.122.5"), opens_ssh)])
def test_either_is_enough(run: Run, turns: tuple[Callable[[Guest], None], ...]) -> None:
    assert run(Guest(*turns, fails), WaitGoals(either=True, route=OPEN))[0]


def test_until_it_is_off(run: Run) -> None:
    runs, said = run(Guest(nothing, lambda guest: setattr(guest, "stopped", "shut down")), WaitGoals(shutdown=True))
    assert not runs and said.reached == ["shutdown"]


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
    with pytest.raises(WaitTimeout, match="'g' has not run 'test' with success after 1 min"):
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


# -- ready ----------------------------------------------------------------------------------------

READY = WaitGoals(cloud_init=True, ssh=True, route=OPEN)


def test_cloud_init_and_ssh(run: Run) -> None:
    guest = Guest(gets("lease", "192.168.122.5"), done(), nothing, opens_ssh, fails)
    runs, said = run(guest, READY)
    assert runs and said.reached == ["ip", "agent", "cloud-init", "ssh"]


def test_the_agent_gives_the_errors_that_the_console_does_not_show(run: Run) -> None:
    """The last line on the console comes before the result; its agent is given a moment."""
    guest = Guest(says(FINISHED), nothing, done("('scripts-user', RuntimeError())"), agent=True)
    with pytest.raises(GuestBroken, match="cloud-init in 'g' reports: .*scripts-user"):
        run(guest, READY)


def test_an_agent_without_a_result_is_not_waited_for(run: Run) -> None:
    guest = Guest(says(FINISHED), agent=True)
    run(guest, WaitGoals(cloud_init=True))
    assert wait.RESULT_SECONDS <= guest.now < wait.RESULT_SECONDS + 2


def test_without_an_agent_the_console_gives_the_errors(run: Run) -> None:
    with pytest.raises(GuestBroken) as caught:
        run(Guest(says(FAILED), says("x\x1b[1m\n" + FINISHED)), READY)
    assert caught.value.message == (
        "cloud-init in 'g' reports on the console: Failed to run module scripts-user (scripts in "
        "/var/lib/cloud/instance/scripts)"
    )


def test_after_the_reboot_everything_is_asked_again(run: Run) -> None:
    def reboots(guest: Guest) -> None:
        guest.connected, guest.files, guest.opened_ssh = False, {}, False  # type: ignore[attr-defined]
        guest.events.append(GuestEvent("rebooted"))

    guest = Guest(
        *(gets("lease", "192.168.122.5"), opens_ssh, done(), reboots, nothing, says("g login: ")),
        *(nothing, opens_ssh, fails),
    )
    assert run(guest, READY, power=PowerState("reboot"))[0]
    assert list(guest.turns) == [fails]


def test_a_power_off_that_the_seed_asks_for_ends_the_wait(run: Run) -> None:
    def stops(guest: Guest) -> None:
        guest.stopped = "shut down"
        guest.events.append(GuestEvent("stopped", "shut down"))

    runs, said = run(Guest(done(), stops, fails), READY, power=PowerState("poweroff"))
    assert not runs and said.reached[-1] == "shutdown"


# -- what does not come ---------------------------------------------------------------------------


def test_a_timeout_tells_what_each_source_said(run: Run) -> None:
    guest = Guest(gets("lease", "192.168.122.5"), says("GRUB\n\x1b[1mloading\n"))
    del guest.known["arp"]
    said = Said(guest)
    wanted = WaitGoals(ssh=True, ip=True, route=OPEN, not_asked=("the weather",))
    with pytest.raises(WaitTimeout, match="'g' does not answer to ssh after 1 min") as caught:
        run(guest, wanted, said=said)
    assert caught.value.exit_code == 4 and "timeout=30m" in caught.value.hint
    assert said.lines == [
        "DHCP leases: 192.168.122.5",
        "ARP table of the host: cannot be read: this driver cannot tell",
        "guest agent: not connected: it is not installed, or does not run yet",
        "ssh at 192.168.122.5 port 22: connection refused",
        "console: nothing about the end of cloud-init",
        "not asked: the weather",
        "Last lines of the console of 'g':",
        "    GRUB",
        "    \x1b[1mloading",
    ]


def test_a_console_that_somebody_else_reads(run: Run) -> None:
    guest = Guest()
    guest.silent = True
    said = Said(guest)
    with pytest.raises(WaitTimeout):
        run(guest, WaitGoals(agent=True), said=said)
    assert "console: cannot be read, because there is none or another program has it open" in said.lines


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        ("shut down", "'g' is off, but it does not answer to ssh"),
        ("destroyed", "'g' is off, but it does not answer to ssh"),
        ("crashed", "'g' crashed"),
        ("failed", "'g' stopped because its hypervisor failed"),
    ],
)
def test_a_guest_that_stops_meanwhile(run: Run, detail: str, why: str) -> None:
    def stops(guest: Guest) -> None:
        guest.stopped = detail
        guest.events.append(GuestEvent("stopped", detail))

    with pytest.raises(GuestBroken) as caught:
        run(Guest(nothing, stops), WaitGoals(ssh=True, route=OPEN))
    assert caught.value.message == why and caught.value.exit_code == 5


def test_it_is_asked_once_a_second(run: Run) -> None:
    guest = Guest()
    looks: list[float] = []
    guest.agent_connected = lambda: looks.append(guest.now) or False  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(WaitTimeout):
        run(guest, WaitGoals(agent=True))
    assert max(later - earlier for earlier, later in zip(looks, looks[1:], strict=False)) <= 1
