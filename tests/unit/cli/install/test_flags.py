"""The parser of virtprov-install, and what all parsers share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from virtprov.cli import clone, parser
from virtprov.cli.install import flags
from virtprov.options.catalogue import CLONING, GROUPS, table
from virtprov.support.errors import UsageError


@pytest.mark.parametrize("group", [name for name in GROUPS if not name.startswith("convert")])
def test_every_group_has_a_flag_and_a_line_of_help(group: str) -> None:
    made = clone.build_parser() if group in CLONING else flags.install_parser()
    action = made.flag(f"--{group}")
    assert action is not None and action.dest == parser.destination(group)
    assert action.help
    assert len(action.help) <= 54


def test_groups_collect_raw_texts_in_order() -> None:
    args = flags.install_parser().parse_args(
        ["--disk", "/a,size=1", "-w", "user", "--disk=help", "--network", "none", "--host-device", "1.2", "--sound"]
    )
    assert args.disk == ["/a,size=1", "help"]
    assert args.network == ["user", "none"]
    assert args.hostdev == ["1.2"]
    assert args.sound == ["default"]
    assert args.qemu_commandline == []


def test_a_command_line_of_qemu_may_begin_with_a_dash() -> None:
    args = flags.install_parser().parse_args(["--qemu-commandline=-display gtk,gl=on", "--qemu-commandline", "-a b"])
    assert args.qemu_commandline == ["-display gtk,gl=on", "-a b"]


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--osinfo", "a", "--os-variant", "b"], "osinfo", "b"),
        (["--cloud-init"], "cloud_init", ""),
        (["--cloud-init", "disable=on"], "cloud_init", "disable=on"),
        (["--unattended"], "unattended", ""),
        ([], "unattended", None),
        (["--print-xml"], "print_xml", "all"),
        (["--print-xml", "1"], "print_xml", "1"),
        (["--wait"], "wait", -1.0),
        (["--wait", "0"], "wait", 0.0),
        (["--wait", "-1"], "wait", -1.0),
        (["--wait", "-0.5"], "wait", -1.0),
        (["--wait", "2.5"], "wait", 2.5),
        (["--wait", "90s"], "wait", 1.5),
        (["--wait=1h30m"], "wait", 90.0),
        ([], "wait", None),
        (["--noautoconsole"], "autoconsole", "none"),
        (["-x", "a b", "--extra-args", "c"], "extra_args", ["a b", "c"]),
        (["--import"], "import_disk", True),
        (["-p"], "os_type", "xen"),
        (["--output", "json"], "output", "json"),
    ],
)
def test_values(words: list[str], name: str, value: object) -> None:
    assert getattr(flags.install_parser().parse_args(words), name) == value


@pytest.mark.parametrize(
    "words",
    [
        ["--print-xml", "7"],
        ["--autoconsole", "badval"],
        ["--hvm", "--paravirt"],
        ["--pxe", "foobar"],
        ["--wait", "soon"],
        ["--wait", "nan"],
        ["--wait", "30x"],
        ["--wait", ""],
        ["--wait", "9" * 5000],
        ["--os-type"],
        ["--reinstall"],
        ["--mem", "64"],
        ["--output", "yaml"],
    ],
)
def test_refusals_leave_as_usage_errors_with_a_hint(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        flags.install_parser().parse_args(words)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--disk"], "--disk requires a value", "`--disk help` lists its sub-options"),
        (["-w"], "--network requires a value", "`--network help` lists its sub-options"),
        (["--os-variant"], "--osinfo requires a value", "`--osinfo help` lists its sub-options"),
        (["--name"], "--name requires a value", "`virtprov-install --help` lists all flags"),
        (
            ["--wait", "1soon"],
            "--wait: '1soon' is not a duration",
            "for example --wait 30 (minutes), --wait 90s, --wait ready, or --wait alone to wait without a limit",
        ),
        (["--print-xml", "7"], "--print-xml '7': invalid choice", "choose from 1, 2, all"),
        (["--hvm", "--paravirt"], "--paravirt and --hvm cannot be used together", "omit one of them"),
        (["a b"], "unrecognized arguments: a b", "a value must follow a flag; quote values with spaces"),
        (["-Z"], "unrecognized arguments: -Z", "`virtprov-install --help` lists all flags"),
        (
            ["--eject"],
            "unrecognized arguments: --eject",
            "`virtprov-xml GUEST --edit target.dev=sda --disk path=` ejects the medium of a drive",
        ),
        (
            ["--rename=b"],
            "unrecognized arguments: --rename=b",
            "`virsh domrename GUEST NEW` renames a guest that is shut off",
        ),
        (["--nog"], "", ""),
    ],
)
def test_the_parsers_failures_are_in_our_words(words: list[str], message: str, hint: str) -> None:
    if not message:
        assert flags.install_parser().parse_args(words).nographics
        return
    with pytest.raises(UsageError) as caught:
        flags.install_parser().parse_args(words)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_flag_cut_too_short_is_said() -> None:
    with pytest.raises(UsageError, match="ambiguous option: --no could match") as caught:
        flags.install_parser().parse_args(["--no"])
    assert caught.value.hint == "write the flag in full"


def test_a_slip_is_met_with_the_nearest_flag() -> None:
    with pytest.raises(UsageError) as caught:
        flags.install_parser().parse_args(["--grafics", "vnc"])
    assert "--graphics" in caught.value.hint


@pytest.mark.parametrize(
    ("short", "flag"),
    [
        ("--noauto", "--noautoconsole"),
        ("--nonet", "--nonetworks"),
        ("--disk=x", "--disk"),
        ("--graph=vnc", "--graphics"),
        ("--os-v=x", "--os-variant"),
        ("--launch=sev", "--launchSecurity"),
        ("--conta", "--container"),
    ],
)
def test_flags_may_be_cut_short(short: str, flag: str) -> None:
    made = flags.install_parser()
    wanted = made._option_string_actions[flag].dest
    assert getattr(made.parse_args([short]), wanted) != made.get_default(wanted)


def test_flags_of_our_own_make_nothing_ambiguous() -> None:
    made = flags.install_parser()
    assert "--output" in made.fresh
    theirs = [flag for flag in made._option_string_actions if flag.startswith("--") and flag not in made.fresh]
    for flag in theirs:
        for end in range(3, len(flag)):
            meant = {id(made._option_string_actions[each]) for each in theirs if each.startswith(flag[:end])}
            if len(meant) == 1:
                assert [id(found[0]) for found in made._get_option_tuples(flag[:end])] == list(meant)


@pytest.mark.parametrize("flag", ["--output"])
def test_flags_of_our_own_must_be_written_out(flag: str) -> None:
    with pytest.raises(UsageError):
        flags.install_parser().parse_args([flag[:-1], "json"])


def test_help_is_a_line_a_flag_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = flags.install_parser().format_help().splitlines()
    long = [line for line in lines if len(line) > 80]
    folded = [line for line in lines if line.startswith(" " * 20)]
    assert not long
    assert len(folded) <= 5


def test_tables_and_parser_import_little() -> None:
    code = (
        "import sys; from virtprov.cli.install import flags; from virtprov.options.catalogue import GROUPS, table\n"
        "flags.install_parser()\n"
        "for group in GROUPS: table(group)\n"
        "heavy = 'typing dataclasses inspect lxml libvirt shlex logging subprocess pathlib json yaml requests'\n"
        "print(*(name for name in heavy.split() if name in sys.modules))"
    )
    here = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=here, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_tables_of_all_groups_answer_to_their_name() -> None:
    assert [group for group in GROUPS if table(group).flag != group] == []
