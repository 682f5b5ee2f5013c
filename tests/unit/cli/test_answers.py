"""Questions a command answers without a guest."""

from __future__ import annotations

from argparse import Namespace

import pytest

from virtprov.cli import answers
from virtprov.cli.printing.output import Output
from virtprov.library.texts import parse_checks
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.support.errors import UsageError


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


@pytest.mark.parametrize(
    ("group", "word"), [("install", "kernel_args_overwrite"), ("location", "initrd"), ("unattended", "profile")]
)
def test_the_words_of_an_installer(group: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    from virtprov.cli.install import command

    assert command.main([f"--{group}=?"]) == 0
    assert word in capsys.readouterr().out


def test_checks_add_up() -> None:
    made = parse_checks(["all=off", "mac_in_use=on"])
    assert made.mac_in_use and not made.disk_size and not made.path_in_use


# -- --osinfo --------------------------------------------------------------------------------------


DEFAULT = OsinfoRequest(detect=True, require=True, is_default=True)
FULL = "http://example.org/one/1"


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (None, DEFAULT),
        ("", DEFAULT),
        ("auto", DEFAULT),
        ("fedora40", OsinfoRequest("fedora40")),
        ("name=fedora40", OsinfoRequest("fedora40")),
        ("short-id=fedora40", OsinfoRequest("fedora40")),
        ("short_id=fedora40", OsinfoRequest("fedora40")),
        ("name=fedora39,short-id=fedora40", OsinfoRequest("fedora40")),
        ("short-id=fedora40,name=fedora39", OsinfoRequest("fedora40")),
        ("name=fedora39,name=fedora40", OsinfoRequest("fedora40")),
        (FULL, OsinfoRequest(FULL, True)),
        (f"id={FULL}", OsinfoRequest(FULL, True)),
        (f"name=fedora40,id={FULL}", OsinfoRequest(FULL, True)),
        ("http://example.org/?a=b", OsinfoRequest("http://example.org/?a=b", True)),
        ("none", OsinfoRequest("generic")),
        ("generic", OsinfoRequest("generic")),
        ("list", OsinfoRequest(wants_list=True)),
        ("list=ubuntu", OsinfoRequest(wants_list=True, list_word="ubuntu")),
        ("?", OsinfoRequest(wants_help=True)),
        ("help", OsinfoRequest(wants_help=True)),
        ("detect=on", OsinfoRequest(detect=True, require=True)),
        ("detect=yes,require=no", OsinfoRequest(detect=True)),
        ("detect=Yes,require=TRUE", OsinfoRequest(detect=True, require=True)),
        ("require=on", OsinfoRequest(require=True)),
        ("detect=off", OsinfoRequest()),
        ("name=", OsinfoRequest()),
        ("detect=on,name=fedora40", OsinfoRequest("fedora40", detect=True)),
        ("fedora40,detect=on", OsinfoRequest("fedora40", detect=True)),
        (" name = fedora40 , require = on ", OsinfoRequest("fedora40", require=True)),
    ],
)
def test_every_spelling_of_a_system(value: str | None, asked: OsinfoRequest) -> None:
    assert answers.osinfo(value) == asked


@pytest.mark.parametrize(
    ("value", "said", "hint"),
    [
        ("nam=fedora40", "has no sub-option 'nam'", "'name'"),
        ("fedora40,foo=bar", "has no sub-option 'foo'", "--osinfo help"),
        ("name=fedora40,detect", "detect: value missing", "detect=VALUE"),
        ("detect=on,require", "require: value missing", "require=VALUE"),
        ("detect=maybe", "detect: 'maybe' is not yes or no", "use yes or no"),
    ],
)
def test_mistakes_in_a_system_are_named(value: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as problem:
        answers.osinfo(value)
    assert said in problem.value.message
    assert hint in problem.value.hint
