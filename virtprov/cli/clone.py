"""virtprov-clone: the command line, what it prints, how it ends."""

from __future__ import annotations

import argparse

from virtprov.cli import answers, parser
from virtprov.cli.output import Output
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.clone.draft import ClonePlan
    from virtprov.actions.request import CloneRequest
    from virtprov.cli.parser import Parser, Target
    from virtprov.host.connection import Host

_USAGE = "%(prog)s --original GUEST --auto-clone [options]"
_DESCRIPTION = (
    "Copy a guest that is shut off: its disks, its definition, under a new identity. What is inside of the guest stays"
    " as it is; virt-sysprep changes that."
)


def build_parser() -> Parser:
    """The parser of virtprov-clone."""
    made = parser.parser("virtprov-clone", usage=_USAGE, description=_DESCRIPTION)
    general = made.add_argument_group("general options")
    add = general.add_argument
    add("-o", "--original", metavar="GUEST", help="the guest to copy: name, id or UUID")
    add("--original-xml", metavar="FILE", help="the XML of the guest to copy, which needs not be defined")
    add("--auto-clone", action="store_true", help="make up the name and the paths of disks that are not given")
    add("-n", "--name", metavar="NAME", help="the copy's name")
    add("-u", "--uuid", metavar="UUID", help=argparse.SUPPRESS)
    _add_storage(made.add_argument_group("storage options"))
    network = made.add_argument_group("network options")
    network.add_argument(
        "-m", "--mac", action="append", default=[], metavar="MAC", help="an interface's address, or RANDOM; repeat"
    )
    misc = made.add_argument_group("miscellaneous options")
    misc.add_argument("--replace", action="store_true", help="put the copy in the place of a guest of its name")
    misc.add_argument("--print-xml", action="store_true", help="print the copy's XML and make nothing")
    made.add_fresh(misc, "--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_check(misc)
    parser.add_talk(made, misc)
    for flag in ("--prompt", "--force", "--__test-nodry"):
        misc.add_argument(flag, dest=flag.strip("-_").replace("-", "_"), action="store_true", help=argparse.SUPPRESS)
    return made


def _add_storage(group: Target) -> None:
    add = group.add_argument
    add("-f", "--file", action="append", default=[], metavar="PATH", help="where a disk is copied to; repeat")
    add("--force-copy", action="append", default=[], metavar="DISK", help="copy a disk that would be shared: sda")
    add("--skip-copy", action="append", default=[], metavar="DISK", help="share a disk that would be copied: vdb")
    add("--reflink", action="store_true", help="share the blocks of raw disks, where the file system can")
    add("--nonsparse", action="store_true", help="give the copies all their space at once")
    add("--preserve-data", action="store_true", help="copy no disk: --file names disks that are there")
    add("--nvram", metavar="PATH", help="where the UEFI variables are copied to")


def main(argv: list[str]) -> int:
    """Run virtprov-clone; returns the exit status, raises ProvError."""
    args = build_parser().parse_args(argv)
    output = Output(json=args.output == "json", quiet=args.quiet)
    if answers.help_of_groups(args, ("check",), output):
        return 0
    if args.prompt:
        output.warn("--prompt has no effect: nothing is ever asked")
    request = to_request(args)
    from virtprov.host.connection import connect

    with connect(args.connect) as host:
        return _run(request, host, output, printing=args.print_xml, dry=args.dry_run)


def to_request(args: Namespace) -> CloneRequest:
    """Turn the parsed command line into a request; raises UsageError for what contradicts itself."""
    from virtprov.library import cloning

    if args.original and args.original_xml:
        raise UsageError("--original and --original-xml name two guests", hint="give one of them")
    if args.name == "":
        raise UsageError("the copy's name is empty", hint="give --name NAME, or --auto-clone")
    copy = cloning.Copy(
        original=args.original or "",
        original_xml=_document(args.original_xml) if args.original_xml else b"",
        name=args.name or "",
        auto=args.auto_clone,
        uuid=args.uuid or "",
        files=args.file,
        macs=args.mac,
        force_copy=args.force_copy,
        skip_copy=args.skip_copy,
        preserve_data=args.preserve_data,
        nvram=args.nvram or "",
        replace=args.replace,
        reflink=args.reflink,
        sparse=not args.nonsparse,
        checks=["all=off", *args.check] if args.force else args.check,
    )
    return cloning.to_request(copy)


def _document(path: str) -> bytes:
    """The file's bytes; "-" is standard input."""
    if path == "-":
        from virtprov.cli import standard_input

        return standard_input.read("XML")
    from virtprov.support.files import read_bytes

    return read_bytes(path, what="file of --original-xml")


def _run(request: CloneRequest, host: Host, output: Output, *, printing: bool, dry: bool) -> int:
    from virtprov.library.cloning import Cloning

    work = Cloning(host, request, output)
    plan = work.made.plan
    if printing:
        output.document(plan.documents[0])
    elif dry:
        from virtprov.cli import dry_run

        dry_run.tell(plan.steps, output)
    else:
        work.create()
        output.summary(f"The guest '{plan.name}' is a copy of '{work.made.original}'.")
    output.object(_facts(work.made, host, created=not (printing or dry), printing=printing))
    return 0


def _facts(made: ClonePlan, host: Host, *, created: bool, printing: bool) -> dict[str, object]:
    """What JSON says; docs/json.md explains each key. The document may hold passwords: only when it is asked for."""
    return {
        "name": made.plan.name,
        "uuid": made.uuid,
        "original": made.original,
        "created": created,
        "uri": host.uri,
        "disks": [disk._asdict() for disk in made.disks],
        "macs": list(made.macs),
        "nvram": made.nvram,
        "renewed": list(made.renewed),
        "steps": [step.label for step in made.plan.steps],
        "xml": made.plan.documents[0] if printing else "",
    }
