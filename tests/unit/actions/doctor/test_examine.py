"""The examination as a whole: without a library, a daemon or a right, and with a host that falls silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.doctor import examine as examining
from virtprov.actions.doctor.examine import Report, examine
from virtprov.actions.doctor.finding import MISSING, OK, UNKNOWN, Finding
from virtprov.host.connection import Host, connect
from virtprov.host.failures import Lost, Refused
from virtprov.support.errors import HostError
from virtprov.support.slow_calls import waiting

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"


@pytest.fixture(autouse=True)
def not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.state, "left", False)
    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)


def of(report: Report, name: str) -> Finding:
    (finding,) = [answer.finding for answer in report.answers if answer.check.name == name]
    return finding


def failing(error: Exception) -> Any:
    def connect(uri: str | None) -> Host:
        raise error

    return connect


def test_a_host_that_has_all() -> None:
    report = examine(f"recorded://{HOSTS}/kvm", connect)
    assert (report.uri, report.machine, report.is_session, report.is_recorded) == ("qemu:///system", "", False, True)
    assert report.is_ready
    assert of(report, "libvirt") == Finding(OK, "10.3.0 at qemu:///system: a recorded host")
    names = [answer.check.name for answer in report.answers]
    assert names[:3] == ["libvirt", "hypervisor", "kvm"] and "ssh" in names


def test_a_remote_host() -> None:
    report = examine(f"recorded://{HOSTS}/far", connect)
    assert report.machine == "vm.example.com"
    assert not report.is_ready and of(report, "network").state == MISSING


def test_without_the_library() -> None:
    report = examine(None, failing(ModuleNotFoundError("No module named 'libvirt'", name="libvirt")))
    assert of(report, "libvirt") == Finding(MISSING, "cannot be loaded: No module named 'libvirt'")
    assert not report.is_ready and (report.uri, report.is_session) == ("", None)
    assert of(report, "ssh").state, "this machine is examined all the same"


@pytest.mark.parametrize(
    ("uri", "error", "daemon", "mended"),
    [
        (None, HostError("no socket", hint="start it"), True, ["systemctl start libvirtd"]),
        (
            "qemu:///system",
            HostError("no socket"),
            False,
            ["apt install libvirt-daemon-system qemu-system", "dnf install libvirt-daemon-kvm"],
        ),
        ("qemu:///system", Lost("no answer"), True, ["systemctl restart libvirtd"]),
        ("qemu:///system", Refused("no right"), True, ["usermod --append --groups libvirt ada"]),
        ("qemu+ssh://far/system", HostError("no ssh"), True, []),
        ("xen:///system", HostError("no driver"), False, []),
    ],
)
def test_without_a_connection(
    uri: str | None, error: HostError, daemon: bool, mended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr(examining, "_find_daemon", lambda name: daemon)
    report = examine(uri, failing(error))
    found = of(report, "libvirt")
    assert (found.state, found.found, found.hint) == (MISSING, error.message, error.hint)
    assert [mend.command for mend in found.mends] == mended
    assert report.uri == (uri or "") and not report.is_ready


def test_the_environment_names_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu+ssh://far/system")
    assert of(examine(None, failing(HostError("no ssh"))), "libvirt").mends == ()


class Silent(StandIn):
    """A host that does not answer about its networks, until the test is over."""

    def __init__(self, real: Host) -> None:
        self.real = real
        self.released = threading.Event()
        self.asked = 0

    def networks_default_bridge(self) -> str | None:
        self.asked += 1
        self.released.wait()
        raise HostError("the test is over")  # the thread must not use the connection, which is closed by now


@pytest.fixture
def silent() -> Iterator[Silent]:
    with connect(f"recorded://{HOSTS}/kvm") as host:
        stand_in = Silent(host)
        yield stand_in
        stand_in.released.set()


def test_a_host_that_falls_silent(silent: Silent) -> None:
    report = examine("qemu:///system", lambda uri: silent, limit=2.0)  # type: ignore[arg-type, return-value]
    states = [answer.finding.state for answer in report.answers if answer.check.where == "host"]
    assert states[:3] == [OK, OK, OK] and set(states[3:]) == {UNKNOWN}
    assert of(report, "network").found == "no answer in time"
    assert silent.asked == 1 and waiting.state.left, "the end of the command does not wait for it either"


class Grumbling(StandIn):
    """A host that refuses to describe its pools."""

    def __init__(self, real: Host) -> None:
        self.real = real

    def storage_pool(self, name: str) -> Any:
        raise HostError("cannot read the pool: access denied", hint="ask its administrator")


def test_a_question_that_fails_is_not_the_last_one() -> None:
    host = Grumbling(connect(f"recorded://{HOSTS}/kvm"))  # the examination closes it
    report = examine("qemu:///system", lambda uri: host)  # type: ignore[arg-type, return-value]
    expected = Finding(UNKNOWN, "cannot read the pool: access denied", hint="ask its administrator")
    assert of(report, "pool") == expected
    assert of(report, "tpm").state == OK
