from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import libvirt
import pytest

from virtprov.host.connection import NEW_ENOUGH, Host, connect
from virtprov.host.failures import Refused
from virtprov.support.errors import HostError

LOCKED = "<node><auth><user password='sesame'>joe</user></auth></node>"


def test_the_test_driver() -> None:
    with connect("test:///default") as host:
        assert (host.uri, host.driver, host.is_remote, host.is_session) == ("test:///default", "test", False, False)
        assert not host.is_recorded and host.is_alive
        assert host.libvirt_version() >= 9_000_000
        assert host.hypervisor_version() == 2
        assert "test" in host.capabilities.of_host().xml


def test_a_read_only_connection_changes_nothing() -> None:
    with connect("test:///default", read_only=True) as host:
        assert "test" in host.guests.names()
        with pytest.raises(HostError, match="read only|read-only"):
            host.guests.define(
                "<domain type='test'><name>web</name><memory>64</memory><os><type>hvm</type></os></domain>"
            )


def test_domain_capabilities_are_what_the_driver_offers() -> None:
    with connect("test:///default") as host:
        try:
            offered = host._link.conn.getDomainCapabilities(None, "i686", None, "test", 0)
        except libvirt.libvirtError:  # the test driver learnt this after 9.0
            offered = None
        answer = host.capabilities.of_guest("i686", None, "test")
        assert (answer.xml if answer else None) == offered
        assert host.capabilities.of_guest("no-such-machine", None, "test") is None


def test_a_closed_host_is_not_alive() -> None:
    host = connect("test:///default")
    host.close()
    assert not host.is_alive


def test_no_uri_follows_libvirts_variable(monkeypatch: pytest.MonkeyPatch, hosts: Path) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    assert connect().uri == connect("").uri == "test:///default"
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", f"recorded://{hosts / 'kvm'}")
    assert connect().uri == "qemu:///system"


@pytest.mark.parametrize(
    ("uri", "message", "hint"),
    [
        ("quemu:///system", "unknown driver 'quemu'", "did you mean 'qemu'?"),
        ("zzz:///", "unknown driver 'zzz'", "libvirt supports for example qemu"),
        ("nonsense", "does not include a driver name", "check the URI"),
        ("qemu://[::1/system", "Unable to parse URI", "check the URI"),
        ("qemu+shh://vm.example/system", "unknown transport 'shh'", "did you mean 'ssh'?"),
        ("test:///", "test:///default", "check the URI"),
        ("test:///no/such/file.xml", "file '/no/such/file.xml' does not exist", "test:///default"),
        ("qemu+unix:///system?socket=/no/such/sock", "no libvirt daemon listens at /no/such/sock (No such", "start"),
    ],
)
def test_uris_that_lead_nowhere(uri: str, message: str, hint: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HostError) as caught:
        connect(uri)
    assert str(caught.value).startswith(f"cannot connect to '{uri}': ")
    assert message in str(caught.value) and hint in caught.value.hint
    assert capfd.readouterr() == ("", ""), "libvirt prints nothing of its own"


def test_a_machine_where_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(HostError, match=f"no service listens at '127.0.0.1:{port}'") as caught:
            connect(f"qemu+tcp://127.0.0.1:{port}/system")
    assert caught.value.hint.startswith(
        "check that '127.0.0.1' is up, and that libvirt listens for tcp connections there"
    )


def test_a_broken_inventory_says_where(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.xml"
    path.write_text("<node>\n<domain>\n</node>")
    with pytest.raises(HostError, match=f"{path}:3"):
        connect(f"test://{path}")
    assert capfd.readouterr().err == ""


# -- being let in ----------------------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path) -> str:
    """A host that asks for a user and a password."""
    path = tmp_path / "locked.xml"
    path.write_text(LOCKED)
    return f"test://{path}"


def test_nobody_to_ask_is_a_refusal(locked: str) -> None:
    with pytest.raises(Refused) as caught:
        connect(locked)
    assert "but none was given" in caught.value.message and "?authfile=" in caught.value.hint


def test_user_and_password_are_asked_for(locked: str) -> None:
    asked: list[tuple[str, bool]] = []

    def ask(prompt: str, secret: bool) -> str | None:
        asked.append((prompt, secret))
        return "sesame" if secret else "joe"

    assert connect(locked, ask=ask).guests.names() == ()
    assert [secret for _, secret in asked] == [False, True]
    assert "username" in asked[0][0] and "joe's password" in asked[1][0]


@pytest.mark.parametrize("answer", ["wrong", None])
def test_a_wrong_or_no_answer_is_a_refusal(locked: str, answer: str | None) -> None:
    with pytest.raises(Refused):
        connect(locked, ask=lambda prompt, secret: answer)


# -- recorded hosts --------------------------------------------------------------------------------------


def test_a_recorded_host_goes_by_its_own_name(kvm: Host) -> None:
    assert (kvm.uri, kvm.driver, kvm.is_remote, kvm.is_session) == ("qemu:///system", "qemu", False, False)
    assert kvm.is_recorded and kvm.is_alive
    assert (kvm.libvirt_version(), kvm.hypervisor_version()) == (10_003_000, 8_002_001)
    assert kvm.networks.default_bridge() == "br0"
    assert kvm.capabilities.of_host() is kvm.capabilities.of_host()


def test_a_recorded_remote_host(hosts: Path) -> None:
    with connect(f"recorded://{hosts / 'remote'}") as host:
        assert (host.uri, host.is_remote) == ("qemu+ssh://root@vm.example.com/system", True)
        assert host.networks.default_bridge() is None
        assert (host.libvirt_version(), host.hypervisor_version()) == (NEW_ENOUGH, NEW_ENOUGH)


def test_domain_capabilities_are_asked_for_once(kvm: Host) -> None:
    first = kvm.capabilities.of_guest("x86_64", "q35", "kvm", "/usr/bin/kvm")
    assert first is not None
    assert kvm.capabilities.of_guest("x86_64", "q35", "kvm", "/usr/bin/kvm") is first


# -- what a connection costs -----------------------------------------------------------------------------

PROBE = """
import sys, typing, libvirt, lxml.etree
before = set(sys.modules)
from virtprov.host.connection import connect
host = connect("test:///default")
host.capabilities.of_host().guests, host.guests.find("test")
host.networks.find("default"), host.storage.pool("default-pool")
print(*sorted(set(sys.modules) - before))
"""


def test_a_connection_loads_little_beside_libvirt_and_lxml() -> None:
    root = str(Path(__file__).resolve().parents[3])
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = run.stdout.split()
    assert "virtprov.host.connection" in loaded
    assert [name for name in loaded if not name.startswith(("virtprov", "_"))] == []
    lazily = {"events", "streams", "recorded", "record", "domcaps", "bridge"}
    assert [name for name in loaded if name.removeprefix("virtprov.host.") in lazily] == []
