"""Links with the old names: made, replaced where they are ours, refused otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtprov.cli.install import command
from virtprov.cli.install.other_uses import shims
from virtprov.cli.printing.output import Output
from virtprov.support.errors import InputError, ProvError

BIN = Path(__file__).resolve().parents[5] / "bin"
NAMES = ("clone", "install", "xml")


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [str(BIN / "virtprov-install")])


def targets(folder: Path) -> dict[str, str]:
    return {path.name: os.readlink(path) for path in folder.iterdir() if path.is_symlink()}


LINKS = {f"virt-{name}": str(BIN / f"virtprov-{name}") for name in NAMES}


def test_three_links(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--shims", str(tmp_path)]) == 0
    assert targets(tmp_path) == LINKS
    assert "put it first in PATH" in capsys.readouterr().out


@pytest.mark.parametrize("argv", ["virt-install", "virtprov-install"])
def test_a_link_makes_the_same(argv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / argv).symlink_to(BIN / "virtprov-install")
    for program in (str(tmp_path / argv), argv):
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        monkeypatch.setattr("sys.argv", [program])
        folder = tmp_path / f"from-{len(program)}"
        folder.mkdir()
        shims.main(str(folder), Output())
        assert targets(folder) == LINKS


def test_our_own_links_are_replaced(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / f"virt-{name}").symlink_to(f"/gone/virtprov-{name}")
    shims.main(str(tmp_path), Output())
    assert targets(tmp_path) == LINKS


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "virt-install").symlink_to("/gone/virtprov-install")
    taken = tmp_path / "virt-xml"
    taken.write_text("#!/bin/sh\n")
    with pytest.raises(InputError, match="virt-xml exists and is not a link"):
        shims.main(str(tmp_path), Output())
    taken.unlink()
    taken.symlink_to("/usr/share/virt-manager/virt-xml")
    with pytest.raises(InputError, match="virt-xml exists and is a link to /usr/share/virt-manager/virt-xml, not to"):
        shims.main(str(tmp_path), Output())
    taken.unlink()
    taken.symlink_to("/opt/virtprov-clone")  # another command of ours
    with pytest.raises(InputError, match="not to virtprov"):
        shims.main(str(tmp_path), Output())
    assert targets(tmp_path) == {"virt-install": "/gone/virtprov-install", "virt-xml": "/opt/virtprov-clone"}


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="directory not found") as caught:
        shims.main(str(tmp_path / "nosuch"), Output())
    assert "mkdir -p" in caught.value.hint
    alone = tmp_path / "virtprov-install"
    alone.write_text("")
    monkeypatch.setattr("sys.argv", [str(alone)])
    with pytest.raises(ProvError, match="virtprov-install not found"):
        shims.main(str(tmp_path), Output())
    assert targets(tmp_path) == {}
