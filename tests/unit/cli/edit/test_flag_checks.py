"""virtprov-xml: flags that make no sense together are refused before any library is loaded."""

from __future__ import annotations

import pytest

from virtprov.cli.edit import command, flags
from virtprov.support.errors import UsageError

EDIT = ["--edit", "--vcpus", "3"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["web", "--all", *EDIT], "--all cannot be combined with guest names"),
        (["web", "", *EDIT], "the name of the guest is empty"),
        (["web", "db", "--build-xml", "--rng", "default"], "--build-xml takes at most one guest"),
        (["--all", "--build-xml", "--rng", "default"], "--build-xml takes at most one guest"),
        (["web", *EDIT, "--jobs", "0"], "--jobs must be 1 or more, not 0"),
        (["web", *EDIT, "--live", "--define"], "--live and --define cannot be used together"),
        (["web", *EDIT, "--live", "--update"], "--update and --live cannot be used together"),
        (
            ["web", *EDIT, "--live", "--autostart", "yes"],
            "--autostart cannot be used with --live: it is not part of the running guest",
        ),
        (["--autostart", "yes"], "--autostart requires a guest of a host"),
        (["web", "--template", "yes", "--live"], "--template cannot be used with --live: it is not part of"),
        (["--template", "yes"], "--template requires a guest of a host"),
        (["web", "--template", "perhaps"], "--template 'perhaps': invalid choice"),
        (["web", "--template", "no", "--memory", "5"], "no action given with --memory"),
        (["web", "--template", "yes", "--start"], "--template yes and --start cannot be used together"),
        (["web", "--template", "yes", "--autostart", "yes"], "--template yes and --autostart yes cannot be used"),
        (["web", "--build-xml", "--disk", "/x", "--template", "yes"], "--build-xml cannot be combined with changes"),
        (["web", "--undo", "--template", "yes"], "--undo cannot be used with --template"),
        (["web", "--autostart", "often"], "--autostart 'often': invalid choice"),
        (["web", "--autostart", "yes", "--memory", "5"], "no action given with --memory"),
        (
            ["web", *EDIT, "--verify", "--define"],
            "--verify and --define cannot be used together: --verify changes nothing",
        ),
        (
            ["web", *EDIT, "--verify", "--start"],
            "--verify and --start cannot be used together: --verify changes nothing",
        ),
        (
            ["web", *EDIT, "--verify", "--confirm"],
            "--verify and --confirm cannot be used together: --verify changes nothing",
        ),
        (
            ["web", *EDIT, "--verify", "--keep-old", "x"],
            "--verify and --keep-old cannot be used together: --verify changes nothing",
        ),
        (
            ["web", "--cloud-init", "--verify"],
            "--verify cannot be used with --cloud-init, which always creates a new seed",
        ),
        (["--keep-old", "x", *EDIT], "--keep-old requires a guest of a host"),
        (["--undo", *EDIT], "--undo cannot be used with --edit"),
        (["--undo", "--all"], "--undo cannot be used with --all"),
        (["--undo", "--keep-old", "x"], "--undo cannot be used with --keep-old"),
        (["--undo", "--autostart", "no"], "--undo cannot be used with --autostart"),
        (["--undo", "--jobs", "-1"], "--jobs must be 1 or more, not -1"),
        (["--undo", "--jobs", "many"], "--jobs 'many': not a number"),
        (["web", *EDIT, "db"], "unrecognized arguments: db"),
    ],
)
def test_what_makes_no_sense(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        command.main(argv)


@pytest.mark.parametrize(
    ("argv", "many"),
    [
        ([], False),
        (["web"], False),
        (["web", "db"], True),
        (["--all"], True),
        (["web", "--state", "running"], True),
        (["--where", "cpu"], True),
    ],
)
def test_several_guests_may_be_meant(argv: list[str], many: bool) -> None:
    assert flags.read(command.build_parser().parse_args([*argv, *EDIT])).chooses is many


def test_new_flags_are_written_out() -> None:
    """What virt-xml takes for one of its own flags is that flag here as well."""
    args = command.build_parser().parse_args(["web", "--conf", "--st", *EDIT])
    assert args.confirm and args.start and not args.config and args.state is None
