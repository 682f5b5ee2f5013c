"""Every flag of virtprov-xml, grouped as its help shows them."""

from __future__ import annotations

import argparse

from virtprov.cli import parser
from virtprov.cli.edit import typed_changes
from virtprov.cli.edit.typed_changes import Said
from virtprov.options.catalogue import BOOTING, CONVERSIONS, DEVICES, GENERAL, GUEST, XML
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from virtprov.cli.parser import Parser, Target

_USAGE = "%(prog)s [GUEST ...] ACTION --GROUP ... [options]"
_DESCRIPTION = (
    "Change, add, remove or build a part of the XML of guests. Without GUEST, XML is read from standard input."
)


class Flags(Record):
    """What the command line says beside the changes themselves.

    `plane` is the flag that asks for a change of the running guest, without its dashes: "update", "live", "both", or
    "". `every` stands for --all, `asks` for --confirm.
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
    schema: bool
    keep_going: bool
    keep_old: str | None
    jobs: int | None

    @property
    def guest(self) -> str | None:
        """The guest, if there is exactly one word for guests."""
        return self.guests[0] if len(self.guests) == 1 else None

    @property
    def chooses(self) -> bool:
        """Whether the command line may mean several guests, whatever is on the host."""
        return len(self.guests) > 1 or self.every or self.where is not None or self.state is not None

    @property
    def prints(self) -> bool:
        """Whether a difference or a document is printed."""
        return self.print_diff or self.print_xml


def read(args: argparse.Namespace) -> Flags:
    """The flags of a command line that was parsed and checked."""
    said = {name: getattr(args, name) for name in Flags._fields if hasattr(args, name)}  # type: ignore[attr-defined]
    plane = next((name for name in ("update", "live", "both") if getattr(args, name)), "")
    autostart = None if args.autostart is None else args.autostart == "yes"
    said |= {"guests": tuple(args.guests), "plane": plane, "autostart": autostart}
    return Flags(**said, every=args.all, asks=args.confirm, schema=not args.no_schema_check)


GROUPS = (*XML, *CONVERSIONS)
WITH_HELP = (*GROUPS, typed_changes.CLOUD_INIT)


class _Guests(argparse.Action):
    """The guests, and under `guest` the one, if it is a single word."""

    def __call__(self, parser: argparse.ArgumentParser, space: Any, values: Any, flag: str | None = None) -> None:
        space.guests = list(values)
        space.guest = space.guests[0] if len(space.guests) == 1 else None


def build_parser() -> Parser:
    """The parser of virtprov-xml."""
    made = parser.parser("virtprov-xml", usage=_USAGE, description=_DESCRIPTION, connect=("-c", "--connect"))
    made.add_argument(
        "guests", nargs="*", action=_Guests, metavar="GUEST", help="name, id or UUID of a guest, or a pattern: 'web*'"
    )
    _add_choice(made, made.add_argument_group("which guests"))
    _add_actions(made.add_argument_group("actions"))
    _add_more(made, made.add_argument_group("changes without an action"))
    _add_outcome(made, made.add_argument_group("what becomes of it"))
    _add_safety(made, made.add_argument_group("many guests, and the way back"))
    parser.add_osinfo(made.add_argument_group("operating system options (--add-device)"))
    parser.add_groups(made.add_argument_group("conversions"), CONVERSIONS, bare=CONVERSIONS, action=Said)
    parser.add_groups(made.add_argument_group("general options"), GENERAL, action=Said)
    parser.add_groups(made.add_argument_group("device options"), DEVICES, action=Said)
    parser.add_groups(made.add_argument_group("guest configuration options"), (*GUEST, *BOOTING), action=Said)
    misc = made.add_argument_group("miscellaneous options")
    parser.add_schema(made, misc)
    parser.add_talk(made, misc)
    return made


def _add_choice(made: Parser, group: Target) -> None:
    made.add_fresh(group, "--all", action="store_true", help="every guest of the host")
    made.add_fresh(group, "--where", metavar="XPATH", help="of them those whose stored XML it holds for")
    made.add_fresh(group, "--state", metavar="STATE", help="of them those that are running, shutoff, paused ...")
    made.add_fresh(group, "--file", metavar="PATH", help="no guest of a host: the XML in this file")
    made.add_fresh(group, "--in-place", action="store_true", help="--file: write the changed XML back to it")


def _add_actions(group: Target) -> None:
    add = group.add_argument
    add(
        "--edit",
        action=Said,
        nargs="?",
        const=typed_changes.FIRST,
        metavar="WHICH",
        help="change elements: 2, -1, all, target.dev=vda; or 1st",
    )
    add("--add-device", action=Said, nargs=0, help="add a device")
    add("--remove-device", action=Said, nargs=0, help="remove devices: --disk 2, --disk target.dev=vda, --disk all")
    add("--build-xml", action=Said, nargs=0, help="print a new element; no guest is needed")


def _add_more(made: Parser, group: Target) -> None:
    made.add_fresh(
        group, "--autostart", choices=("yes", "no"), metavar="yes|no", help="whether it starts with its host"
    )
    made.add_fresh(
        group,
        "--cloud-init",
        action=Said,
        default=[],
        nargs="?",
        const="",
        metavar="...",
        help="a new seed for the next boot: user-data=FILE ...; or eject",
    )


def _add_outcome(made: Parser, group: Target) -> None:
    add = group.add_argument
    planes = group.add_mutually_exclusive_group()
    planes.add_argument("--update", action="store_true", help="change the running guest, too")
    made.add_fresh(planes, "--live", action="store_true", help="change only the running guest")
    made.add_fresh(planes, "--config", action="store_true", help="change only the definition: what is done anyway")
    made.add_fresh(
        planes, "--both", action="store_true", help="change what runs where it can be, and the definition"
    )
    either = group.add_mutually_exclusive_group()
    either.add_argument("--define", action="store_true", help="store the change, even if it is printed")
    either.add_argument("--no-define", action="store_true", help="do not store the change")
    add("--start", action="store_true", help="start the guest afterwards; not stored: for this one run")
    add("--print-diff", action="store_true", help="print the difference; alone it changes nothing")
    add("--print-xml", action="store_true", help="print the changed XML; alone it changes nothing")
    add("--confirm", action="store_true", help="show the difference and ask before anything is changed")
    made.add_fresh(group, "--show-passwords", action="store_true", help="differences show the passwords of displays")
    made.add_fresh(
        group, "--verify", action="store_true", help="change nothing; status 10, with the difference, if it is not so"
    )


def _add_safety(made: Parser, group: Target) -> None:
    made.add_fresh(group, "--keep-going", action="store_true", help="leave out guests that cannot be changed")
    made.add_fresh(group, "--keep-old", metavar="FILE", help="write the old XML there; for several, NAME.xml in it")
    made.add_fresh(group, "--jobs", type=int, metavar="N", help="work on N guests at a time")
    made.add_fresh(group, "--undo", action="store_true", help="put back what the last run changed")
