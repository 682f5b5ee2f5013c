"""Questions a command answers without a guest."""

from __future__ import annotations

from argparse import Namespace

import pytest

from virtprov.cli import answers
from virtprov.cli.output import Output


def test_help_of_every_group_that_asks(capsys: pytest.CaptureFixture[str]) -> None:
    args = Namespace(disk=["help"], memory=["2048"], qemu_commandline=["?"])
    assert answers.help_of_groups(args, ("disk", "memory", "qemu-commandline"), Output())
    said = capsys.readouterr().out
    assert "--disk options:" in said and "--qemu-commandline options:" in said and "--memory" not in said


def test_nobody_asks(capsys: pytest.CaptureFixture[str]) -> None:
    assert not answers.help_of_groups(Namespace(disk=["/a"]), ("disk",), Output())
    assert capsys.readouterr().out == ""


def test_the_list_of_systems(capsys: pytest.CaptureFixture[str]) -> None:
    assert answers.osinfo_words(answers.osinfo("list"), Output())
    assert "debian12" in capsys.readouterr().out
    assert answers.osinfo_words(answers.osinfo("help"), Output())
    assert "require" in capsys.readouterr().out
    assert not answers.osinfo_words(answers.osinfo("debian12"), Output())


def test_the_list_is_a_table_on_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.osinfo_words(answers.osinfo("list=win11"), Output())
    assert "win11" in capsys.readouterr().out.splitlines()  # what `grep -x win11` finds
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    answers.osinfo_words(answers.osinfo("list=win11"), Output())
    assert "Windows 11" in capsys.readouterr().out


@pytest.mark.parametrize("group", ["install", "location", "unattended"])
def test_what_does_not_work_yet_is_not_offered(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    from virtprov.cli.install import command

    assert command.main([f"--{group}=?"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and f"--{group} cannot" in said.err


def test_checks_add_up() -> None:
    made = answers.checks(["all=off", "mac_in_use=on"])
    assert made.mac_in_use and not made.disk_size and not made.path_in_use
