"""Completion: what is offered, from which rows, what it loads, and real shells that ask."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from virtprov.cli import clone
from virtprov.cli.completion import command as completion
from virtprov.cli.completion import sub_options
from virtprov.cli.edit import command
from virtprov.cli.install import flags
from virtprov.options.catalogue import GROUPS, table
from virtprov.options.model import NUMBER
from virtprov.osinfo.find_profile import find

ROOT = Path(__file__).resolve().parents[4]
PARSERS = {
    "virtprov-install": flags.install_parser,
    "virtprov-clone": clone.build_parser,
    "virtprov-xml": command.build_parser,
}


def ask(*words: str, tool: str = "virtprov-install") -> list[str]:
    return completion.of_words(completion._parser(tool), list(words))


def line(text: str) -> list[str]:
    return completion.of_line(completion._parser("virtprov-install"), "\"'><=;|&(:", f"virtprov-install {text}")


# -- flags -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", PARSERS)
def test_every_flag_of_the_help_is_offered(tool: str) -> None:
    shown = {
        flag
        for action in PARSERS[tool]()._actions
        if action.help != argparse.SUPPRESS
        for flag in action.option_strings[:2]
        if flag.startswith("--")
    }
    offered = {word.strip() for word in ask("--", tool=tool)}
    assert offered <= shown and len(offered) > 15
    assert {word.strip() for word in ask("--c", tool=tool)} == {flag for flag in offered if flag.startswith("--c")}


def test_what_can_be_waited_for_is_offered_part_by_part() -> None:
    assert ask("--wait", "s") == ["ssh", "shutdown"]
    assert ask("--wait", "ready,r") == ["ready,run="]
    assert ask("--wait=ip,s", tool="virtprov-clone") == ["--wait=ip,ssh", "--wait=ip,shutdown"]
    assert ask("--wait", "ready,t") == ["ready,timeout="]


def test_schemas_and_colours_are_offered() -> None:
    assert ask("--json-schema", "ed") == ["edit ", "edit-many "]
    assert ask("--color", "a", tool="virtprov-xml") == ["auto ", "always "]


def test_old_flags_are_not_offered() -> None:
    assert ask("--ra") == [] and ask("--nog") == [] and ask("--os-v") == []


def test_flags_come_unasked_where_nothing_else_can_stand() -> None:
    assert "--disk " in ask("")
    assert ask("", tool="virtprov-xml") == []  # the guest's name may stand here
    assert ask("--", "--d") == []


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("--autoconsole", "t"), ["text "]),
        (("--output=j",), ["--output=json "]),
        (("--print-xml", ""), ["1 ", "2 ", "all "]),
        (("--print-xml", "--auto"), ["--autoconsole ", "--autostart "]),
        (("--import", "--expl"), ["--explain "]),
        (("--name", "x"), []),
        (("--cdrom", "/"), []),
        (("--net", "user,model.t"), ["user,model.type="]),
        (("--no-such", "x"), []),
    ],
)
def test_values_of_flags(words: tuple[str, ...], offered: list[str]) -> None:
    assert ask(*words) == offered


# -- sub-options -----------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_every_row_is_offered_with_its_values(group: str) -> None:
    rows = table(group)
    lone = set(sub_options._lone(rows, []))
    for row in rows.rows:
        name = row.name.replace(NUMBER, "7")
        if row.hidden or name in lone:
            continue
        assert f"{name}=" in sub_options.of_group(rows, name)
        if row.values:
            assert sub_options.of_group(rows, f"{name}=") == [f"{name}={value}" for value in row.values]


@pytest.mark.parametrize(
    ("value", "offered"),
    [
        ("path=/x,driver.ca", ["path=/x,driver.cache="]),
        ("driver.cache=wri", ["driver.cache=writethrough", "driver.cache=writeback"]),
        ("sgio=f", ["sgio=filtered"]),
        ("readonly=", ["readonly=yes", "readonly=no"]),
        ("target.removable=", ["target.removable=on", "target.removable=off"]),
        ("source.host12.na", ["source.host12.name="]),
        ("dri", ["driver."]),
        ("no", ["none"]),
        ("size=1,no", []),
        ("size=1,siz", []),
        ("queues", []),
        ("snapshot_p", ["snapshot_policy="]),
        ('path="a,dev', []),
        ("nothing=", []),
    ],
)
def test_pieces_of_disk(value: str, offered: list[str]) -> None:
    assert sub_options.of_group(table("disk"), value) == offered


def test_leading_words() -> None:
    assert "usb" in sub_options.of_group(table("controller"), "u")
    assert sub_options.of_group(table("graphics"), "vn") == ["vnc"]
    assert sub_options.of_group(table("graphics"), "vnc,vn") == []
    assert sub_options.of_group(table("boot"), "hd,ue") == ["hd,uefi"]
    assert sub_options.of_group(table("cpu"), "host-p") == ["host-passthrough"]


def test_systems_come_from_the_index_that_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert ask("--osinfo", "debian1") == []
    find("debian12")
    assert "debian12" in ask("--osinfo", "debian1")
    assert "detect=on,name=debian12" in ask("--osinfo", "detect=on,name=debian12")
    assert {"debian12", "debian13"} <= set(ask("--image", "debian1"))
    assert "debian1.1" not in ask("--image", "debian1"), "it has no image"
    assert "name=debiansid" in ask("--image", "name=debian")
    assert ask("--osinfo", "") == [word for word in ask("--osinfo", "") if word.endswith("=")]


# -- lines, as bash gives them ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("--disk path=/x,driver.ca", ["/x,driver.cache="]),
        ("--disk driver.cache=non", ["none"]),
        ("--disk=bus=s", ["scsi", "sata", "sd"]),
        ("--name 'a b' --expl", ["--explain "]),
        ("--name a\\ b --expl", ["--explain "]),
        ("--disk x; echo | virtprov-install --expl", ["--explain "]),
        ("--disk 'path=/x,driver.ca", []),
        ("--disk \\siz", ["size="]),
    ],
)
def test_lines(text: str, offered: list[str]) -> None:
    assert line(text) == offered


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys\nfrom virtprov.cli.completion.command import answer\n"
        "for tool in sys.argv[1:]:\n"
        "    for words in ['--disk', 'driver.ca'], ['--']: answer(tool, ['--complete', *words])\n"
        "print(sorted({'lxml', 'libvirt', 'libvirtmod', 'requests', 'pycdlib', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *PARSERS], cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "driver.cache=" in done.stdout


@pytest.mark.parametrize(
    ("tool", "words", "takes"),
    [
        ("virtprov-install", "--cdrom x", True),
        ("virtprov-install", "--cdrom=x", True),
        ("virtprov-install", "--disk path=x", True),
        ("virtprov-install", "--name x", True),
        ("virtprov-install", "x", False),
        ("virtprov-install", "--no-such-flag", False),
        ("virtprov-install", "--no-such-flag=x", False),
        ("virtprov-install", "--info x", False),
        ("virtprov-install", "--remove a b", False),
        ("virtprov-install", "--output x", False),
        ("virtprov-install", "--connect x", False),
        ("virtprov-install", "--wait x", False),
        ("virtprov-clone", "--force-copy x", False),
        ("virtprov-clone", "x", False),
        ("virtprov-xml", "x", False),
        ("virtprov-xml", "--file x", True),
        ("virtprov-xml", "-- x", False),
    ],
)
def test_files_stand_where_nothing_else_is_known(tool: str, words: str, takes: bool) -> None:
    assert completion.takes_files(completion._parser(tool), words.split()) is takes


@pytest.mark.parametrize("argv", [["--complete", "nothing"], ["--complete-line", " ", "virtprov-install nothing"]])
def test_a_tab_says_that_there_is_nothing_not_even_a_file(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert completion.answer("virtprov-install", argv) == 0
    assert capsys.readouterr().out == "\t\n"


@pytest.mark.parametrize(
    "argv", [["--complete", "--cdrom", "nothing"], ["--complete-line", " ", "virtprov-install --cdrom nothing"]]
)
def test_where_files_can_stand_there_is_no_answer(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert completion.answer("virtprov-install", argv) == 0
    assert capsys.readouterr().out == ""
