"""What --dry-run says is not taken for something that is done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.sites import Site, running
from tests.unit.places import trees
from virtprov.cli import app, clone
from virtprov.cli.install import command
from virtprov.cli.printing.dry_run import VERBS, would
from virtprov.places import cache
from virtprov.support.file_access.iso import build_iso

ROOT = Path(__file__).resolve().parents[4]
KVM = f"recorded://{ROOT / 'tests' / 'data' / 'hosts' / 'kvm'}"


def test_every_label_has_its_verb() -> None:
    """The labels of all steps begin with a word that can be said in the conditional."""
    words = set()
    for path in (ROOT / "virtprov" / "actions").rglob("*.py"):
        for body in re.findall(r"def label\(self\) -> str:\n((?: {8}.*\n|\n)+)", path.read_text()):
            words |= set(re.findall(r"return f?\"(\w+)", body))
    assert len(words) >= 8
    assert words <= set(VERBS)


def test_the_conditional() -> None:
    assert would("Creating volume a b.qcow2") == "Would create volume a b.qcow2"
    assert would("Unheard of") == "Would do: Unheard of"


def test_install(capsys: pytest.CaptureFixture[str], only_bundled_profiles: None) -> None:
    words = ["--connect", KVM, "--name", "g", "--osinfo", "debian12", "--pxe", "--disk", "pool=images,size=1"]
    assert app.run("virtprov-install", command.main, [*words, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Would create volume g.qcow2" and lines[-1] == "Nothing has been changed."
    assert all(line.startswith("Would ") for line in lines[:-1])


def test_clone(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run("virtprov-clone", clone.main, ["-c", KVM, "-o", "web", "--auto-clone", "--dry-run"]) == 2
    capsys.readouterr()
    assert app.run("virtprov-clone", clone.main, ["--connect", KVM, "-o", "web", "--auto-clone", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "Would copy web.qcow2 to web-clone.qcow2",
        "Would define guest 'web-clone'",
        "Nothing has been changed.",
    ]


@pytest.mark.parametrize("flag", ["--print-xml", "--dry-run"])
@pytest.mark.parametrize("place", ["tree", "cd.iso"])
def test_installers_are_not_fetched(
    place: str, flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only_bundled_profiles: None
) -> None:
    """Only small files are, and a few parts of an ISO: the bytes are counted at the server."""
    monkeypatch.setattr(cache, "folder", lambda: str(tmp_path / "boot"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = Counting()
    site.files.update({f"/tree/{name}": data for name, data in trees.FEDORA.items()})
    site.files["/tree/images/pxeboot/initrd.img"] = bytes(4 << 20)
    large = {name: data * 1000 if b"initrd" in data else data for name, data in trees.DEBIAN_CD.items()}
    site.files["/cd.iso"] = build_iso(large, "DEBIAN")
    assert len(site.files["/cd.iso"]) > 4 << 20
    words = ["--connect", KVM, "--name", "g", "--osinfo", "linux2022", "--disk", "none", "--memory", "2048"]
    with running(site):
        assert app.run("virtprov-install", command.main, [*words, "--location", f"{site.url}/{place}", flag]) == 0
    assert 0 < site.sent < 512 << 10
    assert not (tmp_path / "boot").exists()


class Counting(Site):
    """A server that counts the bytes that it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer through a socket that counts."""
        real: Any = _CountingSocket(self, request)
        super().finish_request(real, client_address)


class _CountingSocket:
    def __init__(self, server: Counting, real: Any) -> None:
        self._server, self._real = server, real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def sendall(self, data: bytes) -> None:
        self._server.sent += len(data)
        self._real.sendall(data)


@pytest.mark.parametrize("flag", ["--print-xml", "--dry-run"])
def test_a_name_in_use_is_shown_all_the_same(
    flag: str, capsys: pytest.CaptureFixture[str], only_bundled_profiles: None
) -> None:
    words = ["--connect", KVM, "--name", "web", "--osinfo", "generic", "--memory", "64", "--import", "--disk", "none"]
    assert app.run("virtprov-install", command.main, [*words, flag]) == 0
    said = capsys.readouterr()
    assert said.out
    assert "warning: guest 'web' already exists on the host" in said.err
    assert app.run("virtprov-install", command.main, [*words, flag, "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert app.run("virtprov-install", command.main, words) == 3
