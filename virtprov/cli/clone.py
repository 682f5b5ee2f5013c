"""virtprov-clone: the command line, its output, its exit status."""

from __future__ import annotations

import argparse
import sys

from virtprov.cli import answers, compat, parser
from virtprov.cli.printing import result_lines
from virtprov.cli.printing.output import Output
from virtprov.library.texts import parse_wait
from virtprov.options.catalogue import help_line
from virtprov.support.errors import InputError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.clone.draft import ClonePlan
    from virtprov.actions.request import CloneRequest
    from virtprov.actions.waiting.wait_goals import WaitGoals
    from virtprov.cli.parser import Parser, Target
    from virtprov.host.connection import Host
    from virtprov.library.cloning import Cloning

_USAGE = "%(prog)s GUEST [--name NAME] [options]"
_DESCRIPTION = (
    "Clone a guest that is shut off: its disks and its definition, with a new identity. A guest with cloud-init "
    "renews its host name, machine-id, ssh host keys and network settings at its first boot."
)


def build_parser() -> Parser:
    """The parser of virtprov-clone."""
    command = parser.parser("virtprov-clone", usage=_USAGE, description=_DESCRIPTION)
    command.add_argument("guest", nargs="?", metavar="GUEST", help="guest to clone: name, id or UUID")
    general = command.add_argument_group("general options")
    add = general.add_argument
    add("-o", "--original", metavar="GUEST", help="guest to clone, as with virt-clone")
    add("--original-xml", metavar="FILE", help="XML of the guest to clone, which need not be defined")
    add("--auto-clone", action="store_true", help="generate names and disk paths that are not given; implied by GUEST")
    add("-n", "--name", metavar="NAME", help="name of the clone")
    add("-u", "--uuid", metavar="UUID", help=argparse.SUPPRESS)
    _add_inside(command, command.add_argument_group("options for the identity inside the guest"))
    storage = command.add_argument_group("storage options")
    _add_storage(command, storage)
    _add_linked(command, storage)
    network = command.add_argument_group("network options")
    network.add_argument(
        "-m",
        "--mac",
        action="append",
        default=[],
        metavar="MAC",
        help="MAC address for an interface, or RANDOM; repeatable",
    )
    misc = command.add_argument_group("miscellaneous options")
    misc.add_argument("--replace", action="store_true", help="replace an existing guest with the same name")
    _add_boot(command, misc)
    misc.add_argument("--print-xml", action="store_true", help="print the clone's XML and create nothing")
    command.add_fresh(misc, "--dry-run", action="store_true", help="show what would be done, but do nothing")
    parser.add_check(misc)
    parser.add_talk(command, misc)
    for flag in ("--prompt", "--force", "--__test-nodry"):
        misc.add_argument(flag, dest=flag.strip("-_").replace("-", "_"), action="store_true", help=argparse.SUPPRESS)
    return command


def _add_boot(command: Parser, misc: Target) -> None:
    command.add_fresh(misc, "--start", action="store_true", help="start the clone")
    command.add_fresh(
        misc,
        "--wait",
        nargs="?",
        type=parse_wait,
        const=-1.0,
        metavar="WHAT",
        help="with --start: how long to wait (30, 90s), or what to wait for: ready, ip",
    )


def _add_inside(command: Parser, group: Target) -> None:
    command.add_fresh(
        group,
        "--identity",
        choices=("new", "keep"),
        metavar="new|keep",
        help="renew the identity at the first boot, or keep it; default: new for guests known to have cloud-init",
    )
    parser.add_words(command, group)
    parser.add_ssh_config(command, group)
    command.add_fresh(
        group, "--cloud-init", nargs="?", const="", metavar="...", help="more for the seed: user-data=FILE ..."
    )


def _add_storage(command: Parser, group: Target) -> None:
    add = group.add_argument
    add("-f", "--file", action="append", default=[], metavar="PATH", help="path for the copy of a disk; repeatable")
    add(
        "--force-copy",
        action="append",
        default=[],
        metavar="DISK",
        help="copy a disk that would be shared, such as sda",
    )
    add(
        "--skip-copy",
        action="append",
        default=[],
        metavar="DISK",
        help="share a disk that would be copied, such as vdb, or all",
    )
    command.add_fresh(group, "--copy", action="append", default=[], metavar="DISK,...", help=help_line("copy"))
    command.add_fresh(group, "--pool", metavar="NAME", help="storage pool for the copies of all disks")
    add("--reflink", action="store_true", help="share the blocks of raw and qcow2 disks if the file system can")
    add("--nonsparse", action="store_true", help="allocate the full size of the copies")
    add("--preserve-data", action="store_true", help="copy no disks: --file names existing disks")
    add("--nvram", metavar="PATH", help="path for the copy of the UEFI variables")


def _add_linked(command: Parser, group: Target) -> None:
    command.add_fresh(
        group, "--linked", action="store_true", help="thin images on top of the disks of a template, no copies"
    )
    command.add_fresh(
        group, "--make-template", action="store_true", help="make the guest a template first; implies --linked"
    )


def main(argv: list[str]) -> int:
    """Run virtprov-clone; returns the exit status, raises ProvError."""
    args = build_parser().parse_args(argv)
    output = Output(json=args.output == "json", quiet=args.quiet)
    if answers.help_of_groups(args, ("check", "cloud-init", "copy"), output):
        return 0
    if args.prompt:
        output.warn("--prompt has no effect: virtprov never asks for missing options")
    request = to_request(args)
    from virtprov.cli.connecting import connect

    with connect(args.connect, events=bool(request.wait)) as host:
        return _run(request, host, output, printing=args.print_xml, dry=args.dry_run)


def to_request(args: Namespace) -> CloneRequest:
    """Turn the parsed command line into a request; raises UsageError for contradictions."""
    from virtprov.library import cloning

    if args.guest and (args.original or args.original_xml):
        flag = "--original" if args.original else "--original-xml"
        raise UsageError(
            f"the guest to clone is given twice, as '{args.guest}' and with {flag}", hint="omit one of them"
        )
    if args.original and args.original_xml:
        raise UsageError("--original and --original-xml cannot be used together", hint="omit one of them")
    if args.name == "":
        raise UsageError("the name of the clone is empty", hint="give --name NAME, or --auto-clone")
    copy = cloning.Copy(
        original=args.guest or args.original or "",
        original_xml=_document(args.original_xml) if args.original_xml else b"",
        name=args.name or "",
        auto=args.auto_clone or bool(args.guest and not args.file),
        uuid=args.uuid or "",
        files=args.file,
        macs=args.mac,
        force_copy=args.force_copy,
        skip_copy=args.skip_copy,
        copies=args.copy,
        pool=_pool(args.pool),
        nvram=args.nvram or "",
        sparse=not args.nonsparse,
        checks=["all=off", *args.check] if args.force else args.check,
        identity=args.identity or compat.held.identity,
        cloud_init=args.cloud_init,
        **parser.words(args),
        ssh_config=args.ssh_config,
        wait=args.wait,
        **{name: getattr(args, name) for name in _SAME},
    )
    request = cloning.to_request(copy)._replace(planning=args.print_xml or args.dry_run)
    return request._replace(directory_pools=compat.held.directory_pools)


_SAME = ("preserve_data", "replace", "reflink", "linked", "make_template", "start")
"""Flags without a value, which have the same names in the library."""


def _pool(name: str | None) -> str:
    if name == "":
        raise UsageError("--pool requires a name", hint="give the name of a storage pool, or omit --pool")
    return name or ""


def _document(path: str) -> bytes:
    """The file's bytes; "-" is standard input. Raises InputError for a file that cannot be read, or is empty."""
    if path == "-":
        from virtprov.cli import standard_input

        data = standard_input.read("XML")
    else:
        from virtprov.support.file_access.files import read_bytes

        data = read_bytes(path, what="--original-xml file")
    if not data:
        hint = "give the XML of a guest, as printed by `virsh dumpxml GUEST`"
        raise InputError(f"--original-xml {path} is empty", hint=hint)
    return data


def _run(request: CloneRequest, host: Host, output: Output, *, printing: bool, dry: bool) -> int:
    from virtprov.library.cloning import Cloning

    work = Cloning(host, request, output)
    plan = work.made.plan
    if printing:
        output.document(plan.documents[0])
    elif dry:
        from virtprov.cli.printing import dry_run

        dry_run.tell(plan.steps, output)
    else:
        return _create(work, output)
    output.object("clone", _facts(work.made, host, printing=printing))
    return 0


def _create(work: Cloning, output: Output) -> int:
    work.create()
    password = work.password
    if password:
        output.password(f"Password for root's first login: {password}")
    try:
        state = work.follow()
    except BaseException:
        if password and output.json:  # there will be no object that could carry it
            sys.stderr.write(f"Password for root's first login: {password}\n")
        raise
    made, result = work.made, None
    if compat.held.old_sentences:  # as virt-clone prints it, for programs that look for it
        output.summary("")
        output.summary(f"Clone '{made.plan.name}' created successfully.")
    else:
        output.summary(f"Created guest '{made.plan.name}', a clone of '{made.original}'{_state(state, work.wanted)}.")
        result = result_lines.describe(work.host, made.plan.name, output) if state == "ready" else None
        for line in result_lines.lines(result):
            output.summary(line)
    facts = {"created": True, "state": state, "root_password": password or None}
    not_asked = work.wanted.not_asked if work.wanted is not None else ()
    known = _of_result(result_lines.facts(result, work.context.stages, not_asked))
    output.object("clone", {**_facts(made, work.host, printing=False), **facts, **known})
    return 0


_STATES = {"off": "", "created": "; it is running", "ready": "; it is running and cloud-init is done"}


def _state(state: str, wanted: WaitGoals | None) -> str:
    """Return the end of the sentence about the clone."""
    if state != "ready" or wanted is None:
        return _STATES[state]
    return "; it is running and ready" + (f" ({'; '.join(wanted.not_asked)})" if wanted.not_asked else "")


def _facts(plan: ClonePlan, host: Host, *, printing: bool) -> dict[str, object]:
    """Return the JSON output; docs/reference/json.md explains each key.

    The XML may contain passwords, so it is only included on request.
    """
    return {
        "name": plan.plan.name,
        "uuid": plan.uuid,
        "original": plan.original,
        "created": False,
        "state": "",
        "uri": host.uri,
        "disks": [disk._asdict() for disk in plan.disks],
        "macs": list(plan.macs),
        "nvram": plan.nvram,
        "renewed": list(plan.renewed),
        "parts": [part._asdict() for part in plan.parts],
        "inside": plan.inside.facts(),
        "root_password": None,
        "steps": [step.label for step in plan.plan.steps],
        "xml": plan.plan.documents[0] if printing else "",
        **_of_result(result_lines.facts(None)),
    }


def _of_result(facts: dict[str, object]) -> dict[str, object]:
    """Return facts of a result without the disks, of which a clone has its own list."""
    return {key: value for key, value in facts.items() if key != "disks"}
