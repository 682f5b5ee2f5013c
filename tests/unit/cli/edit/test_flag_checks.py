"""virtprov-xml: flags that make no sense together are refused before any library is loaded."""

from __future__ import annotations

import pytest

from virtprov.cli.edit import command, flag_checks
from virtprov.support.errors import UsageError

EDIT = ["--edit", "--vcpus", "3"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["web", "--all", *EDIT], "--all means every guest, and some are named as well"),
        (["web", "", *EDIT], "the guest's name is empty"),
        (["web", "db", "--build-xml", "--rng", "default"], "--build-xml shows one element"),
        (["--all", "--build-xml", "--rng", "default"], "--build-xml shows one element"),
        (["web", *EDIT, "--jobs", "0"], "--jobs 0: at least one guest"),
        (["web", *EDIT, "--live", "--define"], "--live and --define exclude each other"),
        (["web", *EDIT, "--live", "--update"], "--update and --live exclude each other"),
        (["web", *EDIT, "--live", "--autostart", "yes"], "--autostart is no part of what runs"),
        (["--autostart", "yes"], "--autostart is kept by a guest's host"),
        (["web", "--autostart", "often"], "--autostart 'often': there is no such choice"),
        (["web", "--autostart", "yes", "--memory", "5"], "what is to be done with --memory is not said"),
        (["web", *EDIT, "--verify", "--define"], "--verify changes nothing, so --define has no meaning"),
        (["web", *EDIT, "--verify", "--start"], "--verify changes nothing, so --start has no meaning"),
        (["web", *EDIT, "--verify", "--confirm"], "--verify changes nothing, so --confirm has no meaning"),
        (["web", *EDIT, "--verify", "--keep-old", "x"], "--verify changes nothing, so --keep-old has no meaning"),
        (["web", "--cloud-init", "--verify"], "--cloud-init makes a new seed each time"),
        (["--keep-old", "x", *EDIT], "--keep-old keeps the definition of a guest"),
        (["--undo", *EDIT], "--undo puts back what the last run changed, and takes no --edit"),
        (["--undo", "--all"], "and takes no --all"),
        (["--undo", "--keep-old", "x"], "and takes no --keep-old"),
        (["--undo", "--autostart", "no"], "and takes no --autostart"),
        (["--undo", "--jobs", "-1"], "--jobs -1: at least one guest"),
        (["--undo", "--jobs", "many"], "--jobs 'many': this is no number"),
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
    assert flag_checks.many(command.build_parser().parse_args([*argv, *EDIT])) is many


def test_new_flags_are_written_out() -> None:
    """What virt-xml takes for one of its own flags is that flag here as well."""
    args = command.build_parser().parse_args(["web", "--conf", "--st", *EDIT])
    assert args.confirm and args.start and not args.config and args.state is None
