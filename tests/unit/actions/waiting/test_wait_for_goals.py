"""Waiting until a guest is what --wait asks for: every source is asked, none is believed blindly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.waited import (
    FAILED,
    FINISHED,
    OPEN,
    Guest,
    Run,
    Said,
    connects,
    done,
    fails,
    gets,
    nothing,
    opens_ssh,
    reports,
    says,
)
from virtprov.actions.waiting import wait
from virtprov.actions.waiting.ssh_route import WINDOWS_PORTS, SshRoute
from virtprov.actions.waiting.wait_goals import WaitGoals
from virtprov.cloudinit.checks.power_state import PowerState
from virtprov.host.daemon.events import GuestEvent
from virtprov.support.errors import GuestBroken, WaitTimeout

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


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [(True, "guest agent: answers; reports 10.0.0.7"), (False, "guest agent: connected, but does not answer")],
)
def test_what_the_agent_said_is_said(answers: bool, sentence: str, run: Run) -> None:
    guest = Guest(agent=True)
    guest.answers = answers
    if answers:
        guest.reported = [{"name": "eth0", "ip-addresses": [{"ip-address": "10.0.0.7"}, {"ip-address": "127.0.0.1"}]}]
    said = Said(guest)
    with pytest.raises(WaitTimeout):
        run(guest, WaitGoals(ssh=True, route=SshRoute()), said=said)
    assert sentence in said.lines


# -- Windows --------------------------------------------------------------------------------------


def test_windows_is_ready_when_a_port_of_its_own_answers(run: Run) -> None:
    goals = WaitGoals(either=True, windows=True, route=SshRoute(ports=WINDOWS_PORTS))
    guest = Guest(gets("lease", "192.168.122.5"), nothing, opens_ssh)
    assert run(guest, goals)[0]


def test_a_windows_that_answers_nowhere(run: Run) -> None:
    goals = WaitGoals(either=True, windows=True, route=SshRoute(ports=WINDOWS_PORTS))
    guest = Guest()
    guest.known["lease"] = ["192.168.122.5"]
    said = Said(guest)
    with pytest.raises(WaitTimeout, match="'g' answers neither by ssh, RDP, WinRM nor by its agent"):
        run(guest, goals, said=said)
    assert "ssh at 192.168.122.5 port 22: connection refused" in said.lines


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
        "guest agent: not connected: it is not installed, or is not running yet",
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
