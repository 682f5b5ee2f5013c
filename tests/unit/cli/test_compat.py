"""A command that is called by its old name keeps what programs rely on; called by its own name it does not change."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sites import Site, running
from tests.unit.places import trees
from virtprov import __version__
from virtprov.cli import answers, compat
from virtprov.cli.install import command
from virtprov.cli.printing.output import Output
from virtprov.host.connection import connect
from virtprov.places import cache

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = ("install", "clone", "xml")
NEW = "--connect test:///default --name new --osinfo generic --memory 64 --disk none".split()


@pytest.fixture
def links(tmp_path: Path) -> Path:
    for name in COMMANDS:
        (tmp_path / f"virt-{name}").symlink_to(ROOT / "bin" / f"virtprov-{name}")
    return tmp_path


def run(program: Path, *words: str, variable: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if name != compat.VARIABLE}
    if variable is not None:
        environment[compat.VARIABLE] = variable
    argv = [sys.executable, str(program), *words]
    return subprocess.run(argv, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False)


@pytest.mark.parametrize(
    ("program", "environment", "is_old"),
    [
        ("virt-install", {}, True),
        ("/usr/local/bin/virt-clone", {}, True),
        ("./virt-xml", {compat.VARIABLE: "0"}, True),
        ("/usr/bin/virtprov-install", {}, False),
        ("virtprov-xml", {compat.VARIABLE: ""}, False),
        ("virtprov-xml", {compat.VARIABLE: "0"}, False),
        ("virtprov-xml", {compat.VARIABLE: "1"}, True),
        ("virt-install-old", {}, False),
        ("/srv/virt-install/run", {}, False),
        ("", {}, False),
    ],
)
def test_the_name_decides_or_the_variable(program: str, environment: dict[str, str], is_old: bool) -> None:
    assert compat.choose(program, environment) is (compat.OLD if is_old else compat.OURS)


def test_nothing_is_old_by_default() -> None:
    assert not any(compat.OURS)
    assert all(compat.OLD)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 6, 10, 130])
def test_exit_codes(code: int) -> None:
    assert compat.OURS.exit_code(code) == compat.OURS.exit_code(code, misused=True) == code
    assert compat.OLD.exit_code(code) == (1 if code else 0)
    assert compat.OLD.exit_code(code, misused=True) == (2 if code else 0)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_version(name: str, links: Path) -> None:
    assert run(links / f"virt-{name}", "--version").stdout == "5.1.0\n"
    own = ROOT / "bin" / f"virtprov-{name}"
    assert run(own, "--version").stdout == run(own, "--version", variable="0").stdout == f"{__version__}\n"
    assert run(own, "--version", variable="1").stdout == "5.1.0\n"
    assert run(links / f"virt-{name}", "--debug", "--version").stdout == "5.1.0\n"


@pytest.mark.parametrize(
    ("words", "ours", "old"),
    [
        (["--nosuch"], 2, 2),
        (["--wait", "x"], 2, 2),
        (["--disk"], 2, 2),
        ([*NEW, "--import", "--disk", "nosuch=1"], 2, 1),
        ([*NEW, "--import", "--osinfo", "nosuch"], 2, 1),
        ([*NEW[:2], "--name", "test", *NEW[4:], "--import"], 3, 1),
        (["--connect", "test:///nosuch", *NEW[2:], "--import"], 3, 1),
        (["--unattended=?"], 0, 0),
        (["--install=?"], 0, 0),
        (["--cloud-init=?"], 0, 0),
        (["--osinfo", "list"], 0, 0),
    ],
)
def test_a_failure_has_one_exit_code(words: list[str], ours: int, old: int, links: Path) -> None:
    own = run(ROOT / "bin/virtprov-install", *words)
    linked = run(links / "virt-install", *words)
    assert (own.returncode, linked.returncode) == (ours, old), own.stderr + linked.stderr
    assert (own.stdout, own.stderr) == (linked.stdout, linked.stderr)


def test_json_has_the_same_exit_code(links: Path) -> None:
    done = run(
        links / "virt-xml", "--connect", "test:///default", "nosuch", "--edit", "--memory", "9", "--output", "json"
    )
    assert done.returncode == json.loads(done.stdout)["error"]["exit_code"] == 1


def test_a_list_for_programs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr(compat, "held", compat.OLD)
    answers.osinfo_words(answers.osinfo("list=win11"), Output())
    assert capsys.readouterr().out.splitlines() == ["win11"]


def test_a_new_guest(links: Path) -> None:
    made = run(links / "virt-install", *NEW, "--import")
    assert (made.returncode, made.stdout) == (0, "\nStarting install...\nDomain creation completed.\n")
    quiet = run(links / "virt-install", *NEW, "--import", "--quiet")
    assert (quiet.returncode, quiet.stdout) == (0, "")
    tried = run(links / "virt-install", *NEW, "--import", "--dry-run")
    assert tried.stdout.endswith("\nDry run completed successfully\n")


def test_documents_stand_apart(links: Path) -> None:
    done = run(links / "virt-install", *NEW, "--pxe", "--print-xml")
    first, second = done.stdout.strip().split("\n\n")
    assert first.endswith("</domain>") and second.startswith("<domain")


def test_printing_creates_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the pool of the test driver, as long as this process keeps it."""
    monkeypatch.setattr(compat, "held", compat.OLD)
    words = [*NEW[:-2], "--disk", "pool=default-pool,size=0.001", "--print-xml=1"]
    with connect("test:///default") as host:
        assert command.main(words) == 0
        assert host.storage.volume("default-pool", "new.qcow2") is not None
        monkeypatch.setattr(compat, "held", compat.OURS)
        assert command.main([*words[:3], "other", *words[4:]]) == 0
        assert host.storage.volume("default-pool", "other.qcow2") is None
        host.storage.delete_volume("default-pool", "new.qcow2")


@pytest.mark.parametrize(("names", "kept"), [(compat.OLD, ["initrd.img", "vmlinuz"]), (compat.OURS, [])])
def test_printing_fetches_kernel_and_initrd(
    names: Any, kept: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The document of a program that calls the old name has paths of files that exist."""
    monkeypatch.setattr(compat, "held", names)
    monkeypatch.setattr(cache, "folder", lambda: str(tmp_path / "boot"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = Site()
    site.files.update({f"/tree/{name}": data for name, data in trees.FEDORA.items()})
    with running(site):
        assert command.main([*NEW, "--network", "none", "--location", f"{site.url}/tree", "--print-xml=1"]) == 0
    kernel, initrd = re.findall("<(?:kernel|initrd)>(.*)</", capsys.readouterr().out)
    assert [os.path.exists(path) for path in (kernel, initrd)] == [bool(kept)] * 2
    found = sorted(path.name for path in (tmp_path / "boot").rglob("*") if path.is_file())
    assert [name for name in found if not name.endswith(".version")] == kept


def test_an_edit(links: Path) -> None:
    place = ("--connect", "test:///default", "test")
    changed = run(links / "virt-xml", *place, "--edit", "--memory", "99")
    assert (changed.returncode, changed.stdout) == (
        0,
        "Domain 'test' defined successfully.\nChanges will take effect after the domain is fully powered off.\n",
    )
    assert run(links / "virt-xml", *place, "--edit", "--memory", "99", "--quiet").stdout == ""
    assert run(links / "virt-xml", *place, "--edit", "--autostart", "on").returncode == 2


def test_what_cockpits_tests_and_avocado_look_for(links: Path) -> None:
    """Cockpit's tests name a block device by `source.type`, which libvirt does not know; avocado reads the help."""
    place = ("--connect", "test:///default", "test")
    words = ("--add-device", "--disk", "source.type=block,source.dev=/dev/loop7", "--print-xml")
    printed = run(links / "virt-xml", *place, *words)
    assert printed.returncode == 0 and "<source type='block' dev='/dev/loop7'/>" in printed.stdout, printed.stderr
    assert run(ROOT / "bin" / "virtprov-xml", *place, *words).returncode == 2
    assert "--security" in run(links / "virt-install", "--help").stdout
