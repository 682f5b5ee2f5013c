"""What --doctor finds on hosts: recorded ones, and stand-ins that lack something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.doctor import host_checks
from virtprov.actions.doctor.finding import LIMITED, MISSING, OK, UNKNOWN, Finding, run
from virtprov.guest.disks.checks.reachable import Barrier
from virtprov.host.connection import Host, connect
from virtprov.host.facts.capabilities import Capabilities
from virtprov.host.facts.domcaps import DomainCapabilities
from virtprov.support import programs
from virtprov.support.file_access.acl import Person

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"


@pytest.fixture
def kvm() -> Iterator[Host]:
    with connect(f"recorded://{HOSTS}/kvm") as host:
        yield host


@pytest.fixture
def desk() -> Iterator[Host]:
    with connect(f"recorded://{HOSTS}/desk") as host:
        yield host


class Here(StandIn):
    """A host on this machine, which is otherwise as the recorded one."""

    is_recorded = False
    is_remote = False
    is_session = False
    uri = "qemu:///system"

    def __init__(self, real: Host) -> None:
        self.real = real


def look(name: str, host: Any) -> Finding | None:
    (check,) = [check for check in host_checks.CHECKS if check.name == name]
    return check.ask(host)


def commands(finding: Finding | None) -> list[str]:
    assert finding is not None
    return [mend.command for mend in finding.mends]


@pytest.mark.parametrize(
    ("recorded", "states"),
    [
        ("kvm", "ok ok ok ok unknown - ok ok ok ok"),
        ("desk", "ok ok ok ok unknown - limited ok unknown unknown"),
        ("arm", "ok ok ok ok unknown - ok ok unknown unknown"),
        ("far", "ok ok missing ok unknown - unknown unknown unknown unknown"),
        ("lxc", "ok - missing ok - - - - - -"),
        ("xen", "ok - ok ok - - - - - -"),
        ("esx", "ok - - - - - - - - -"),
    ],
)
def test_recorded_hosts(recorded: str, states: str) -> None:
    with connect(f"recorded://{HOSTS}/{recorded}") as host:
        found = [check.ask(host) for check in host_checks.CHECKS]
    assert " ".join("-" if finding is None else finding.state for finding in found) == states


def test_the_test_driver() -> None:
    with connect("test:///default") as host:
        found = {check.name: finding for check in host_checks.CHECKS if (finding := check.ask(host)) is not None}
    assert found == {
        "hypervisor": Finding(OK, "test for i686"),
        "pool": Finding(OK, "none yet: the first disk creates it in /var/lib/libvirt/images; also default-pool"),
    }


# -- hypervisor -----------------------------------------------------------------------------------


class Poor(Here):
    """A host whose capabilities are another document."""

    document = "<capabilities><host><cpu><arch>aarch64</arch></cpu></host></capabilities>"

    def capabilities_of_host(self) -> Any:
        return Capabilities(self.document)


def test_a_host_without_qemu(kvm: Host) -> None:
    finding = look("hypervisor", Poor(kvm))
    assert finding == Finding(MISSING, "no QEMU for aarch64", finding.mends if finding else ())
    assert commands(finding) == ["apt install qemu-system-arm", "dnf install qemu-kvm"]
    assert look("firmware", Poor(kvm)) == Finding(UNKNOWN, "the host does not say")


def test_versions_as_text() -> None:
    assert host_checks.show_version(10_003_002) == "10.3.2"
    assert host_checks.show_version(None) == ""


@pytest.mark.parametrize(
    ("session", "exists", "allowed", "found", "mended"),
    [
        (False, False, True, "/dev/kvm does not exist", []),
        (True, True, False, "you may not use /dev/kvm", ["usermod --append --groups kvm ada"]),
        (False, True, True, "/dev/kvm exists, but libvirt does not offer KVM", ["systemctl restart libvirtd"]),
    ],
)
def test_why_there_is_no_kvm(
    session: bool,
    exists: bool,
    allowed: bool,
    found: str,
    mended: list[str],
    kvm: Host,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr("os.path.exists", lambda path: exists)
    monkeypatch.setattr("os.access", lambda path, mode: allowed)
    host = Poor(kvm)
    host.is_session = session
    finding = look("kvm", host)
    assert finding is not None and (finding.state, finding.found) == (MISSING, found)
    assert commands(finding) == mended
    host.is_remote = True
    finding = look("kvm", host)
    assert finding is not None and finding.found == "the host does not offer KVM" and "VT-x" in finding.hint


# -- networks and storage -------------------------------------------------------------------------


class Offline(Here):
    """A host without a bridge, whose default network is off or not there."""

    uri = "qemu:///system"
    network: Any = None

    def networks_default_bridge(self) -> str | None:
        return None

    def networks_find(self, name: str) -> Any:
        return self.network

    def networks_names(self) -> tuple[str, ...]:
        return ("lab", "office")


def test_networks(kvm: Host) -> None:
    finding = look("network", Offline(kvm))
    assert finding is not None and finding.found == "no network 'default'; also lab, office"
    start = [f"virsh --connect qemu:///system net-{verb} default" for verb in ("start", "autostart")]
    assert commands(finding)[2:] == start
    assert commands(finding)[0] == "apt install libvirt-daemon-config-network"
    host = Offline(kvm)
    host.network = kvm.networks.find("spare")
    assert look("network", host) == Finding(MISSING, "network 'default' is not active", run(*start))
    host.is_session = True
    finding = look("network", host)
    assert finding is not None and finding.state == OK and finding.found.startswith("user networking")


class Room(Here):
    """A host whose pool is another one."""

    changes: dict[str, Any] = {}

    def storage_pool(self, name: str) -> Any:
        pool = self.real.storage.pool("default")
        return pool._replace(**self.changes) if self.changes else None

    def storage_pool_at(self, directory: str) -> Any:
        return None


def test_the_pool(desk: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Room(desk)
    host.changes = {"available": 9 << 30}
    finding = look("pool", host)
    assert finding is not None and finding.state == LIMITED and ", 9 GiB free; also ceph, lvm" in finding.found
    host.changes = {"active": False, "name": "my pool"}
    finding = look("pool", host)
    assert finding is not None and finding.found == "pool 'my pool' in /var/lib/libvirt/images is not active"
    assert commands(finding)[0] == "virsh --connect qemu:///system pool-start 'my pool'"
    host.changes = {}
    monkeypatch.setattr("virtprov.support.file_access.files.free_bytes", lambda directory: 5 << 30)
    finding = look("pool", host)
    assert finding is not None and (finding.state, finding.found) == (
        LIMITED,
        "none yet: the first disk creates it in /var/lib/libvirt/images, 5 GiB free; also ceph, default, lvm, media",
    )


def test_rights_of_qemu(desk: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(programs, "find", lambda name: "/usr/bin/setfacl")
    asked: list[str] = []
    closed = ""

    def barriers(host: Any, paths: list[str]) -> list[Barrier]:
        asked.extend(paths)
        where = [path for path in paths if closed and path.startswith(closed)]
        return [Barrier(closed, path, Person("libvirt-qemu", 64055, frozenset())) for path in where]

    monkeypatch.setattr(host_checks, "barriers_to", barriers)
    cache = f"{tmp_path}/virtprov"
    assert look("permissions", Here(desk)) == Finding(OK, f"QEMU can open files in /var/lib/libvirt/images and {cache}")
    assert asked == ["/var/lib/libvirt/images/disk", f"{cache}/file"]
    closed = str(tmp_path)
    finding = look("permissions", Here(desk))
    assert finding is not None and finding.state == OK and finding.found.endswith("are copied to a pool for guests")
    closed = "/var/lib/libvirt"
    finding = look("permissions", Here(desk))
    assert finding is not None and finding.state == MISSING
    assert commands(finding) == ["setfacl --modify user:libvirt-qemu:x /var/lib/libvirt"]
    session = Here(desk)
    session.is_session = True
    assert look("permissions", session) is None


# -- firmware and devices -------------------------------------------------------------------------


class Changed(Here):
    """A host whose domain capabilities have words replaced."""

    words = ("", "")

    def capabilities_of_guest(self, *question: Any) -> Any:
        known = self.real.capabilities.of_guest(*question)
        return DomainCapabilities(known.xml.replace(*self.words))


@pytest.mark.parametrize(
    ("name", "words", "state", "command"),
    [
        ("firmware", ("<value>yes</value>", "<value>no</value>"), LIMITED, "apt install ovmf"),
        ("firmware", ("<value>efi</value>", ""), LIMITED, "dnf install edk2-ovmf"),
        ("tpm", ("<value>emulator</value>", ""), MISSING, "apt install swtpm swtpm-tools"),
        ("passt", ("<value>passt</value>", ""), MISSING, ""),
        ("passt", ("backendType", "other"), UNKNOWN, ""),
        ("shared-folders", ("<value>virtiofs</value>", ""), MISSING, ""),
        ("shared-folders", ("driverType", "other"), UNKNOWN, ""),
        ("tpm", ("backendModel", "other"), UNKNOWN, ""),
    ],
)
def test_what_is_lacking(
    name: str, words: tuple[str, str], state: str, command: str, kvm: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "find", lambda name: f"/usr/bin/{name}")
    host = Changed(kvm)
    finding = look(name, host)
    assert finding is not None and finding.state == OK or name == "shared-folders"
    host.words = words
    finding = look(name, host)
    assert finding is not None and finding.state == state
    assert command in commands(finding) if command else commands(finding) == []


def test_no_firmware_at_all(kvm: Host) -> None:
    class Bare(Here):
        def capabilities_of_guest(self, *question: Any) -> Any:
            known = self.real.capabilities.of_guest(*question)
            return DomainCapabilities(re.sub(r"<os .*?</os>", "", known.xml, flags=re.DOTALL))

    host = Bare(kvm)
    finding = look("firmware", host)
    assert finding is not None and (finding.state, finding.found) == (MISSING, "no UEFI firmware for x86_64")


def test_programs_of_a_host_on_this_machine(kvm: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda name: None)
    monkeypatch.setattr(host_checks, "_VIRTIOFSD", ("/nowhere/virtiofsd",))
    for name, package in (("passt", "passt"), ("qemu-img", "qemu-utils"), ("shared-folders", "virtiofsd")):
        finding = look(name, Here(kvm))
        assert finding is not None and finding.state == MISSING and finding.found.endswith("is not installed")
        assert commands(finding)[0] == f"apt install {package}"
    assert look("qemu-img", kvm) is None, "nobody knows the programs of a recorded host"
    monkeypatch.setattr(programs, "find", lambda name: f"/usr/bin/{name}")
    assert look("qemu-img", Here(kvm)) == Finding(OK, "/usr/bin/qemu-img")


def test_other_networks_and_pools_are_named(kvm: Host) -> None:
    network, pool = look("network", kvm), look("pool", kvm)
    assert network == Finding(OK, "bridge br0; also default, spare")
    assert pool is not None and pool.found.endswith("; also attic, fast, images")
    assert host_checks._also(tuple("abcdefg"), "b") == "; also a, c, d, e, f, ..."
