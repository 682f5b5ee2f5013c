"""What a certain guest is waited for: the words of --wait, as far as this guest and this host allow them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.goals import Goals
from virtprov.actions.waiting import ssh_route
from virtprov.actions.waiting.wait_goals import WaitGoals, resolve
from virtprov.guest.document import Guest
from virtprov.support.errors import UsageError

AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
SERIAL = "<serial type='pty'/>"
NETWORK = "<interface type='network'><source network='{}'/></interface>"
USER = "<interface type='user'/>"
PASST = (
    "<interface type='user'><backend type='passt'/><portForward proto='tcp'{}><range start='8080' to='80'/>"
    "<range start='8022' to='22'/></portForward></interface>"
)
SLIRP = (
    "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-netdev'/>"
    "<qemu:arg value='user,id=published0,hostfwd=tcp::8080-:80,hostfwd=tcp:{}:8022-:22'/></qemu:commandline>"
)
XML = (
    "<network><name>n</name><ip address='192.168.122.1' netmask='255.255.255.0'/>"
    "<ip address='fd00::1' prefix='64'/></network>"
)
WITHOUT_MASK = XML.replace(" netmask='255.255.255.0'", "")
NO_NETWORK = "the guest has no network"


class Place(StandIn):
    """A host with networks, by their mode."""

    is_recorded = False

    def __init__(self, *, remote: bool = False) -> None:
        self.is_remote = remote
        self.machine = "far.example" if remote else ""
        self.ssh_jump = "ana@far.example" if remote else ""

    def networks_find(self, name: str) -> Any:
        modes = {"default": "nat", "alone": "", "routed": "route", "bridged": "bridge"}
        xml = {"bridged": "<network><name>n</name></network>", "routed": WITHOUT_MASK}.get(name, XML)
        return SimpleNamespace(forward=modes[name], xml=xml) if name in modes else None


def guest(*devices: str, kind: str = "kvm", more: str = "") -> Guest:
    return Guest.parse(f"<domain type='{kind}'><name>g</name><devices>{''.join(devices)}</devices>{more}</domain>")


def wanted(
    *words: str, of: Guest, remote: bool = False, seeded: bool = False, windows: bool = False, **goals: Any
) -> WaitGoals:
    host: Any = Place(remote=remote)
    found = resolve(Goals(words, **goals), of, host, seeded=seeded, windows=windows)
    assert found is not None
    return found


def facts(found: WaitGoals) -> set[str]:
    flags = ("ip", "ssh", "agent", "either", "cloud_init", "shutdown")
    return {flag for flag in flags if getattr(found, flag)}


def log_in(address: str, port: int) -> list[str]:
    return ["ssh", address, str(port)]


def test_commands_run_through_ssh_if_the_host_key_is_known() -> None:
    host: Any = Place()
    reachable = guest(NETWORK.format("default"))
    found = resolve(Goals(("run",), ("true",)), reachable, host, seeded=True, windows=False, log_in=log_in)
    assert found is not None and found.log_in is log_in and found.asks_ssh
    assert not found._replace(commands=()).asks_ssh
    with_agent = guest(NETWORK.format("default"), AGENT)
    assert wanted("run", of=with_agent, commands=("true",)).log_in is None
    assert not wanted("run", of=with_agent, commands=("true",)).asks_ssh


@pytest.mark.parametrize(("devices", "windows"), [((USER,), False), ((NETWORK.format("default"),), True)])
def test_commands_that_ssh_cannot_run_require_the_agent(devices: tuple[str, ...], windows: bool) -> None:
    host: Any = Place()
    goals = Goals(("run",), ("true",))
    with pytest.raises(UsageError, match="--wait run: the guest has no channel for the guest agent"):
        resolve(goals, guest(*devices), host, seeded=True, windows=windows, log_in=log_in)
    found = resolve(goals, guest(*devices, AGENT), host, seeded=True, windows=windows, log_in=log_in)
    assert found is not None and found.log_in is None


def test_nothing_named_is_nothing_wanted() -> None:
    host: Any = Place()
    assert resolve(None, guest(), host, seeded=True, windows=False) is None


@pytest.mark.parametrize(
    ("minutes", "kind", "limit"), [(None, "kvm", 10), (None, "qemu", 30), (2.0, "qemu", 2), (-1.0, "kvm", -1)]
)
def test_the_time(minutes: float | None, kind: str, limit: float) -> None:
    assert wanted("shutdown", of=guest(kind=kind), minutes=minutes).minutes == limit


def test_each_word() -> None:
    whole = guest(AGENT, SERIAL, NETWORK.format("default"))
    for word in ("ip", "ssh", "agent", "cloud-init", "shutdown"):
        assert facts(wanted(word, of=whole)) == {word.replace("-", "_")}
    found = wanted("run", "ip", of=whole, commands=("test -e /a", "true"))
    assert facts(found) == {"ip"} and found.commands == ("test -e /a", "true") and found.is_running
    assert not wanted("shutdown", of=whole).is_running


@pytest.mark.parametrize(
    ("devices", "seeded", "windows", "meant", "left_out"),
    [
        ([AGENT, SERIAL, NETWORK.format("default")], True, False, {"cloud_init", "ssh"}, ""),
        ([AGENT, SERIAL, NETWORK.format("default")], False, False, {"either"}, ""),
        ([AGENT, SERIAL, NETWORK.format("default")], True, True, {"either"}, ""),  # cloudbase-init tells nobody
        ([SERIAL, NETWORK.format("default")], False, False, {"ssh"}, ""),
        ([NETWORK.format("default")], False, True, {"either"}, ""),
        ([AGENT, USER], False, True, {"agent"}, "guests with user networking can only be reached with --publish"),
        ([AGENT, USER], True, False, {"cloud_init"}, "guests with user networking can only be reached with --publish"),
        ([AGENT, USER], False, False, {"agent"}, "guests with user networking can only be reached with --publish"),
        ([AGENT], True, False, {"cloud_init"}, NO_NETWORK),
    ],
)
def test_ready(devices: list[str], seeded: bool, windows: bool, meant: set[str], left_out: str) -> None:
    found = wanted("ready", of=guest(*devices), seeded=seeded, windows=windows)
    assert facts(found) == meant
    services = "ssh, RDP and WinRM were" if windows else "ssh was"
    assert found.not_asked == ((f"{services} not asked: {left_out}",) if left_out else ())


RDP_PUBLISHED = SLIRP.replace("tcp::8080-:80", "tcp::13389-:3389").replace(",hostfwd=tcp:{}:8022-:22", "")


def test_windows_answers_at_ports_of_its_own() -> None:
    at = ["192.168.122.9"]
    found = wanted("ready", of=guest(NETWORK.format("default")), windows=True).route
    assert found.places(at) == [(at[0], 22), (at[0], 3389), (at[0], 5985)]
    assert [found.service_at(place).name for place in found.places(at)] == ["ssh", "RDP", "WinRM"]
    assert wanted("ready", "ssh", of=guest(NETWORK.format("default")), windows=True).route.ports == (22,)
    assert wanted("ready", of=guest(NETWORK.format("default"))).route.ports == (22,)


def test_windows_answers_at_a_published_port() -> None:
    found = wanted("ready", of=guest(more=RDP_PUBLISHED), windows=True)
    (place,) = found.route.places([])
    assert facts(found) == {"either"} and place == ("127.0.0.1", 13389)
    assert found.route.service_at(place).name == "RDP"
    with pytest.raises(UsageError):
        wanted("ready", of=guest(more=RDP_PUBLISHED))
    both = wanted("ready", of=guest(more=SLIRP.replace("8080-:80", "15985-:5985").format("127.0.0.2")), windows=True)
    assert both.route.ports == ssh_route.WINDOWS_PORTS and both.windows
    assert [(place[1], both.route.service_at(place).name) for place in both.route.places([])] == [
        (15985, "WinRM"),
        (8022, "ssh"),
    ]


@pytest.mark.parametrize(
    ("words", "devices", "seeded", "why"),
    [
        (["ssh"], [AGENT], False, f"--wait ssh: {NO_NETWORK}"),
        (["ssh"], [AGENT, USER], False, "guests with user networking can only be reached"),
        (["ip"], [AGENT], False, f"--wait ip: {NO_NETWORK}"),
        (["ip"], [USER], False, "only the guest agent knows addresses of user networking"),
        (["agent"], [NETWORK.format("default")], False, "no channel for the guest agent"),
        (["run"], [NETWORK.format("default")], False, "no channel for the guest agent"),
        (["cloud-init"], [NETWORK.format("default")], True, "neither an agent channel nor a console"),
        (["ready"], [NETWORK.format("default")], True, "neither an agent channel nor a console"),
        (["ready"], [USER], False, "the guest cannot be asked"),
    ],
)
def test_what_nobody_could_ever_find_out(words: list[str], devices: list[str], seeded: bool, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        wanted(*words, of=guest(*devices), seeded=seeded)
    assert why in caught.value.message and caught.value.hint


# -- the way to its ssh -----------------------------------------------------------------------------


def way(of: Guest, *, remote: bool = False) -> ssh_route.SshRoute:
    host: Any = Place(remote=remote)
    return ssh_route.find_route(of, host)


@pytest.mark.parametrize("addresses", ["", " address='0.0.0.0'", " address='127.0.0.1'"])
def test_a_published_port(addresses: str) -> None:
    found = way(guest(PASST.format(addresses)))
    assert found.is_open and found.places(["10.0.2.15"]) == [("127.0.0.1", 8022)]


@pytest.mark.parametrize(("address", "place"), [("", "127.0.0.1"), ("192.0.2.1", "192.0.2.1"), ("[::1]", "::1")])
def test_a_port_published_by_qemu(address: str, place: str) -> None:
    assert way(guest(more=SLIRP.format(address))).places([]) == [(place, 8022)]


def test_a_published_port_of_a_remote_host() -> None:
    assert way(guest(PASST.format("")), remote=True).places([]) == [("far.example", 8022)]
    shut = way(guest(PASST.format(" address='127.0.0.1'")), remote=True)
    assert not shut.is_open and "only open on its address 127.0.0.1" in shut.why and shut.places(["1.2.3.4"]) == []


@pytest.mark.parametrize(
    ("network", "remote", "is_open"),
    [
        ("default", False, True),
        ("alone", False, True),
        ("routed", False, True),
        ("default", True, False),
        ("alone", True, False),
        ("routed", True, True),
        ("bridged", True, True),
        ("unknown", True, True),
    ],
)
def test_a_virtual_network(network: str, remote: bool, is_open: bool) -> None:
    assert way(guest(NETWORK.format(network)), remote=remote).is_open == is_open


def test_the_remote_host_is_a_machine_on_the_way() -> None:
    told = ["203.0.113.7", "192.168.122.9", "no address"]
    found = way(guest(NETWORK.format("default")), remote=True)
    assert (found.jump, found.behind_jump(told), found.places(told)) == ("ana@far.example", ["192.168.122.9"], [])
    for here in (way(guest(NETWORK.format("default"))), way(guest(USER), remote=True)):
        assert (here.jump, here.behind_jump(told)) == ("", [])


def test_macvtap_leads_to_the_host_only_from_elsewhere() -> None:
    direct = guest("<interface type='direct'><source dev='eth0'/></interface>")
    assert not way(direct).is_open and way(direct, remote=True).is_open


def test_a_guest_cannot_send_us_elsewhere() -> None:
    """Addresses come from the guest: those outside its network are not tried."""
    told = ["203.0.113.7", "192.168.122.9", "fd00::9", "2001:db8::1", "no address"]
    assert way(guest(NETWORK.format("default"))).places(told) == [("192.168.122.9", 22), ("fd00::9", 22)]
    bridge = guest("<interface type='bridge'><source bridge='br0'/></interface>")
    assert way(bridge).places(["203.0.113.7", "no address"]) == [("203.0.113.7", 22)]


def test_a_network_whose_size_is_not_written() -> None:
    assert way(guest(NETWORK.format("routed"))).places(["192.168.122.9"]) == [("192.168.122.9", 22)]


def test_one_card_that_leads_there_is_enough() -> None:
    both = guest(USER, NETWORK.format("default"))
    assert way(both).places(["192.168.122.9"]) == [("192.168.122.9", 22)]
