"""Networks and files that a host does not have, or cannot use: refused before anything is created."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from virtprov.cli import app
from virtprov.cli.install import command
from virtprov.host.connection import Host, connect

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
    assert run("--network", "network=lan", "--network", "bridge=lo", "--filesystem", f"{tmp_path},tag")[0] == 0


def test_install_kernel_that_is_not_there(run: Run) -> None:
    status, said = run("--install", "kernel=/nosuch")
    assert status == 3 and "--install kernel=/nosuch: file not found on the host" in said
