"""Networks and files that a host does not have, or cannot use: refused before anything is created."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from virtprov.actions.install.checks import host_checks
from virtprov.cli import app
from virtprov.cli.install import command
from virtprov.host.connection import Host, connect
from virtprov.host.inventory.networks import Networks

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], only_bundled_profiles: None) -> Run:
    """virtprov-install --dry-run on a host with the networks `lan`, and `other`, which is off; status and stderr."""
    place = tmp_path / "place.xml"
    networks = "".join(f"<network><name>{name}</name><bridge name='vb-{name}'/></network>" for name in ("lan", "other"))
    place.write_text(f"<node>{networks}</node>")
    stack = ExitStack()
    made = stack.enter_context(connect(f"test://{place}"))

    class Shared:
        def __enter__(self) -> Host:
            return made

        def __exit__(self, *failure: object) -> None:
            return None

    def call(*flags: str) -> tuple[int, str]:
        words = ["--name", "g", "--osinfo", "generic", "--memory", "64", "--import", "--disk", "none", *flags]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("virtprov.host.connection.connect", lambda *given, **more: Shared())
            status = app.run("virtprov-install", command.main, ["--dry-run", *words])
        return status, capsys.readouterr().err

    made._link.conn.networkLookupByName("other").destroy()
    return call


@pytest.mark.parametrize(
    ("flags", "message", "hint"),
    [
        (["--network", "network=lam"], "virtual network 'lam' does not exist on the host", "did you mean 'lan'?"),
        (["--network", "network=other"], "'other' is not active", "`virsh net-start other`"),
        (["--network", "bridge=nosuch0"], "--network: the host has no bridge 'nosuch0'", "--network default"),
        (["--network", "type=direct,source=nosuch1"], "the host has no network interface 'nosuch1'", ""),
        (["--boot", "loader=/nosuch/file"], "--boot loader=/nosuch/file: file not found on the host", "--boot uefi"),
        (["--boot", "kernel=/nosuch/file"], "--boot kernel=/nosuch/file: file not found on the host", "check the path"),
        (["--boot", "kernel=/dev/zero"], "--boot kernel=/dev/zero: not a regular file", "check the path"),
        (["--boot", "loader=/proc"], "--boot loader=/proc: not a regular file", "check the path"),
        (["--filesystem", "/nosuch,tag"], "--filesystem /nosuch: directory not found on the host", "check the path"),
        (["--filesystem", "/proc/version,tag"], "is a file, but type=mount requires a directory", ""),
    ],
)
def test_networks_and_files(flags: list[str], message: str, hint: str, run: Run) -> None:
    status, said = run(*flags)
    assert status == 3 and message in said and hint in said and "--check host=off" in said
    for way in (["--check", "host=off"], ["--check", "all=off"], ["--force"]):
        assert run(*flags, *way)[0] == 0


def test_what_is_there(run: Run, tmp_path: Path) -> None:
    assert (
        run("--network", "network=lan", "--network", "type=direct,source=lo", "--filesystem", f"{tmp_path},tag")[0] == 0
    )


def test_an_interface_that_is_no_bridge(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("br0/bridge", "eth0"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(host_checks, "NET", str(tmp_path))
    assert run("--network", "bridge=br0")[0] == 0
    status, said = run("--network", "bridge=eth0")
    assert status == 3 and "--network bridge=eth0: is a network interface of the host, but not a bridge" in said
    assert "choose from: br0; use --network type=direct,source=eth0" in said
    assert run("--network", "bridge=eth0,virtualport.type=openvswitch")[0] == 0
    assert run("--network", "bridge=eth0", "--check", "host=off")[0] == 0


def test_a_filter_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--network", "network=lan,filterref.filter=clean-trafic")
    assert run(*words)[0] == 0  # the test driver has no filters, and cannot tell
    monkeypatch.setattr(Networks, "has_filter", lambda networks, name: False)
    monkeypatch.setattr(Networks, "filter_names", lambda networks: ("allow-arp", "clean-traffic"))
    status, said = run(*words)
    assert status == 3 and "--network filterref.filter=clean-trafic: no such filter on the host" in said
    assert "did you mean 'clean-traffic'?" in said


def test_install_kernel_that_is_not_there(run: Run) -> None:
    status, said = run("--install", "kernel=/nosuch")
    assert status == 3 and "--install kernel=/nosuch: file not found on the host" in said
