"""Old flags become option groups, and contradict each other where virt-install says so."""

from __future__ import annotations

import pytest

from virtprov.cli.install import flags, legacy
from virtprov.support.errors import UsageError

OLD = sorted(
    [flag for flags in legacy.TEXTS.values() for flag in flags]
    + [flag for flags in legacy.LISTS.values() for flag in flags]
    + list(legacy.SWITCHES.values())
)


def groups(line: str) -> tuple[dict[str, list[str]], list[str]]:
    """What a command line says in option groups that are lists, and the warnings."""
    args = flags.install_parser().parse_args(line.split("|") if line else [])
    warnings = legacy.apply(args)
    names = ("memory", "metadata", "features", "boot", "check", "disk", "network", "graphics", "vcpus")
    return {name: getattr(args, name) for name in names if getattr(args, name)}, warnings


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--ram|64", {"memory": ["64"]}),
        ("-r|64|--memory|128", {"memory": ["128"]}),
        ("--uuid|1-2|--metadata|title=x", {"metadata": ["uuid=1-2", "title=x"]}),
        ('--description|a, "b"|--uuid|1', {"metadata": ["uuid=1", 'description="a, \\"b\\""']}),
        ("--noapic|--noacpi|--features|apic=on", {"features": ["apic=off", "acpi=off", "apic=on"]}),
        ("--init|/sbin/init", {"boot": ["init=/sbin/init"]}),
        ("--force|--check|mac_in_use=on", {"check": ["all=off", "mac_in_use=on"]}),
        ("--vcpus|4|--cpuset|1,3", {"vcpus": ["4", "cpuset=1,3"]}),
        ("--nodisks", {"disk": ["none"]}),
        ("--nodisks|--nonsparse", {"disk": ["none"]}),
        ("-f|/a.img|-s|5|--nonsparse", {"disk": ["path=/a.img,size=5,sparse=no"]}),
        ("-f|/a|-f|/b|-s|1|-s|2", {"disk": ["path=/a,size=1", "path=/b,size=2"]}),
        ("-f|/a|-f|/b,bus=scsi|-s|1", {"disk": ["path=/a,size=1", "path=/b,bus=scsi"]}),
        ("--file-size|4", {"disk": ["size=4"]}),
        ("--nonetworks|--network|user", {"network": ["none"]}),
        ("-b|br0|-m|22:22:33:44:55:66", {"network": ["bridge=br0,mac=22:22:33:44:55:66"]}),
        ("-b|a|-b|b|-m|RANDOM", {"network": ["bridge=a,mac=RANDOM", "bridge=b"]}),
        ("--mac|22:22:33:44:55:66", {"network": ["mac=22:22:33:44:55:66"]}),
        ("--network|user|--mac|1|--mac|2", {"network": ["user,mac=1", "mac=2"]}),
        ("--vnc", {"graphics": ["vnc"]}),
        ("--vnc|--vncport|5950|--vnclisten|::|-k|ja", {"graphics": ["vnc,port=5950,listen=::,keymap=ja"]}),
        ("--sdl", {"graphics": ["sdl"]}),
        ("--nographics|--keymap|ja", {"graphics": ["none"]}),
        ("--keymap|ja|--vncport|5950", {}),
    ],
)
def test_old_flags_are_said_in_groups(line: str, said: dict[str, list[str]]) -> None:
    assert groups(line) == (said, [])


@pytest.mark.parametrize(
    "line",
    [
        "--nodisks|--disk|/a",
        "--nodisks|--disk|none",
        "--nodisks|--file|/a",
        "--nodisks|--file-size|3",
        "--disk|size=1|--file|/a",
        "--disk|/a|--file-size|3",
        "--disk|/a|--nonsparse",
        "--network|user|--bridge|br0",
        "--network|none|--bridge|br0",
        "--nonetworks|--bridge|br0",
        "--nonetworks|--mac|RANDOM",
        "--vnc|--sdl",
        "--nographics|--vnc",
        "--graphics|vnc|--vnc",
        "--graphics|vnc|--nographics",
        "--graphics|vnc|--vnclisten|1.2.3.4",
        "--graphics|vnc|--keymap|ja",
        "-c|qemu:///system",
        "--cdrom|qemu+ssh://host/system",
    ],
)
def test_contradictions(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        groups(line)
    assert caught.value.hint


def test_a_url_is_a_medium() -> None:
    assert groups("-c|http://example.com/boot.iso") == ({}, [])


@pytest.mark.parametrize(("name", "flag"), [(name, flag) for name, (flag, _) in legacy.HOLLOW.items()])
def test_flags_without_effect_are_pointed_out(name: str, flag: str) -> None:
    _, warnings = groups(f"{flag}|linux" if name in legacy.TEXTS else flag)
    assert [warning.split()[0] for warning in warnings] == [flag]


def test_print_step_is_print_xml() -> None:
    assert flags.install_parser().parse_args(["--print-step", "2"]).print_xml == "2"


@pytest.mark.parametrize("flag", OLD)
def test_old_flags_are_kept_out_of_the_help(flag: str) -> None:
    made = flags.install_parser()
    assert flag in made._option_string_actions
    assert f" {flag} " not in made.format_help().replace(",", " ")


def test_parsing_twice_starts_afresh() -> None:
    made = flags.install_parser()
    for _ in range(2):
        args = made.parse_args(["--nodisks"])
        legacy.apply(args)
        assert args.disk == ["none"]
