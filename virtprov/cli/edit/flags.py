"""Every flag of virtprov-xml, grouped as in its help."""

from __future__ import annotations

import argparse

from virtprov.cli import parser
from virtprov.cli.edit import typed_changes
from virtprov.cli.edit.typed_changes import StoreInOrder
from virtprov.options.catalogue import BOOTING, CONVERSIONS, DEVICES, GENERAL, GUEST, XML
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from virtprov.cli.parser import Parser, Target

_USAGE = "%(prog)s [GUEST ...] ACTION --GROUP ... [options]"
_DESCRIPTION = (
    "Change, add, remove or build parts of the XML of guests. Without GUEST, the XML is read from standard input."
)


class Flags(Record):
    """The flags of the command line except for the changes.

    `plane` is the flag for a change of the running guest without its dashes: "update", "live", "both", or "". `every`
    is --all, `asks` is --confirm.
    """

    connect: str | None
    guests: tuple[str, ...]
    every: bool
    where: str | None
    state: str | None
    file: str | None
    in_place: bool
    plane: str
    define: bool
    no_define: bool
    start: bool
    print_diff: bool
    print_xml: bool
    asks: bool
    verify: bool
    autostart: bool | None
    template: str | None
    schema: bool
    keep_going: bool
    keep_old: str | None
    jobs: int | None

    @property
    def guest(self) -> str | None:
        """The guest, if exactly one is named."""
        return self.guests[0] if len(self.guests) == 1 else None

    @property
    def chooses(self) -> bool:
        """Whether the command line can select several guests, whatever is on the host."""
        return len(self.guests) > 1 or self.every or self.where is not None or self.state is not None

    @property
    def prints(self) -> bool:
        """Whether a diff or XML is printed."""
        return self.print_diff or self.print_xml


def read(args: argparse.Namespace) -> Flags:
    """Return the flags of a parsed command line; flag_checks.py checks them."""
    given = {name: getattr(args, name) for name in Flags._fields if hasattr(args, name)}  # type: ignore[attr-defined]
    plane = next((name for name in ("update", "live", "both") if getattr(args, name)), "")
    autostart = None if args.autostart is None else args.autostart == "yes"
    given |= {"guests": tuple(args.guests), "plane": plane, "autostart": autostart}
    return Flags(**given, every=args.all, asks=args.confirm, schema=not args.no_schema_check)


GROUPS = (*XML, *CONVERSIONS)
WITH_HELP = (*GROUPS, typed_changes.CLOUD_INIT, "check")


IGNORED: dict[str, dict[str, Any]] = {"--check-cpu": {"action": "store_true"}, "--cpuset": {"metavar": "CPUS"}}
"""Flags that virt-xml accepts, without showing them, and does not use."""


class _Guests(argparse.Action):
    """The guests, and `guest` if there is a single word."""

    def __call__(self, parser: argparse.ArgumentParser, space: Any, values: Any, flag: str | None = None) -> None:
        space.guests = list(values)
        space.guest = space.guests[0] if len(space.guests) == 1 else None


def build_parser() -> Parser:
    """The parser of virtprov-xml."""
    command = parser.parser("virtprov-xml", usage=_USAGE, description=_DESCRIPTION, connect=("-c", "--connect"))
    command.add_argument(
        "guests", nargs="*", action=_Guests, metavar="GUEST", help="name, id or UUID of a guest, or a pattern: 'web*'"
    )
    _add_choice(command, command.add_argument_group("guest selection"))
    _add_actions(command.add_argument_group("actions"))
    _add_more(command, command.add_argument_group("changes that need no action"))
    _add_outcome(command, command.add_argument_group("where to apply the change"))
    _add_safety(command, command.add_argument_group("many guests, and undo"))
    parser.add_osinfo(command.add_argument_group("operating system options (--add-device)"))
    parser.add_groups(command.add_argument_group("conversions"), CONVERSIONS, bare=CONVERSIONS, action=StoreInOrder)
    parser.add_groups(command.add_argument_group("general options"), GENERAL, action=StoreInOrder)
    parser.add_groups(command.add_argument_group("device options"), DEVICES, action=StoreInOrder)
    parser.add_groups(
        command.add_argument_group("guest configuration options"), (*GUEST, *BOOTING), action=StoreInOrder
    )
    misc = command.add_argument_group("miscellaneous options")
    parser.add_check(misc)
    command.fresh.add("--check")  # virt-xml has --check-cpu, whose abbreviations mean that
    parser.add_schema(command, misc)
    parser.add_talk(command, misc)
    for flag, settings in IGNORED.items():
        misc.add_argument(flag, help=argparse.SUPPRESS, **settings)
    return command


def _add_choice(parser: Parser, group: Target) -> None:
    parser.add_fresh(group, "--all", action="store_true", help="all guests of the host")
    parser.add_fresh(group, "--where", metavar="XPATH", help="only guests whose stored XML matches this XPath")
    parser.add_fresh(group, "--state", metavar="STATE", help="only guests in this state: running, shutoff, paused ...")
    parser.add_fresh(group, "--file", metavar="PATH", help="edit the XML in this file instead of a libvirt guest")
    parser.add_fresh(group, "--in-place", action="store_true", help="write the changed XML back to --file")


def _add_actions(group: Target) -> None:
    add = group.add_argument
    add(
        "--edit",
        action=StoreInOrder,
        nargs="?",
        const=typed_changes.FIRST,
        metavar="WHICH",
        help="change elements: 2, -1, all, target.dev=vda (default: 1)",
    )
    add("--add-device", action=StoreInOrder, nargs=0, help="add a device")
    add(
        "--remove-device",
        action=StoreInOrder,
        nargs=0,
        help="remove devices: --disk 2, --disk target.dev=vda, --disk all",
    )
    add("--build-xml", action=StoreInOrder, nargs=0, help="print a new element; a guest is not required")


def _add_more(parser: Parser, group: Target) -> None:
    parser.add_fresh(
        group, "--autostart", choices=("yes", "no"), metavar="yes|no", help="start the guest when the host boots"
    )
    parser.add_fresh(
        group,
        "--template",
        choices=("yes", "no"),
        metavar="yes|no",
        help="make the guest a template for linked clones, or an ordinary guest again",
    )
    parser.add_fresh(
        group,
        "--cloud-init",
        action=StoreInOrder,
        default=[],
        nargs="?",
        const="",
        metavar="...",
        help="new seed for the next boot: user-data=FILE ...; or eject",
    )


def _add_outcome(parser: Parser, group: Target) -> None:
    add = group.add_argument
    planes = group.add_mutually_exclusive_group()
    planes.add_argument("--update", action="store_true", help="change the running guest as well")
    parser.add_fresh(planes, "--live", action="store_true", help="change only the running guest")
    parser.add_fresh(planes, "--config", action="store_true", help="change only the definition (default)")
    parser.add_fresh(
        planes, "--both", action="store_true", help="change the definition and, if possible, the guest now"
    )
    either = group.add_mutually_exclusive_group()
    either.add_argument("--define", action="store_true", help="store the change even if it is printed")
    either.add_argument("--no-define", action="store_true", help="do not store the change")
    add("--start", action="store_true", help="start the guest afterwards, even if the change is not stored")
    add("--print-diff", action="store_true", help="print the diff; used alone, change nothing")
    add("--print-xml", action="store_true", help="print the changed XML; used alone, change nothing")
    add("--confirm", action="store_true", help="show the diff and ask before changing anything")
    parser.add_fresh(group, "--show-passwords", action="store_true", help="show display passwords in diffs")
    parser.add_fresh(
        group, "--verify", action="store_true", help="check only: print the diff and exit 10 if a guest does not match"
    )


def _add_safety(parser: Parser, group: Target) -> None:
    parser.add_fresh(group, "--keep-going", action="store_true", help="skip guests that cannot be changed")
    parser.add_fresh(group, "--keep-old", metavar="FILE", help="save the old XML; for several guests, as FILE/NAME.xml")
    parser.add_fresh(group, "--jobs", type=int, metavar="N", help="change N guests at the same time")
    parser.add_fresh(group, "--undo", action="store_true", help="undo the last run")
