"""virtprov-xml: the command line, what it prints, how it ends."""

from __future__ import annotations

import os
import sys

from virtprov.cli import answers, edit_words, shared
from virtprov.cli.edit_words import Said
from virtprov.cli.output import Output, confirm
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from contextlib import AbstractContextManager

    from virtprov.actions.edit import EditRequest
    from virtprov.actions.inforce import Edited, Source, Wanted
    from virtprov.cli.edit_words import Words
    from virtprov.host.connection import Host
    from virtprov.osinfo.request import OsinfoRequest

_USAGE = "%(prog)s [GUEST] ACTION --GROUP ... [options]"
_DESCRIPTION = "Change, add, remove or build a part of a guest's XML. Without GUEST, XML is read from standard input."

CONVERSIONS = {
    "convert-to-q35": "--edit: from the old PC to q35: num_pcie_root_ports=N",
    "convert-to-vnc": "--edit: from SPICE to VNC: qemu-vdagent=on",
}
GROUPS = (*shared.XML, *CONVERSIONS)


def build_parser() -> ArgumentParser:
    """The parser of virtprov-xml."""
    made = shared.parser("virtprov-xml", usage=_USAGE, description=_DESCRIPTION, connect=("-c", "--connect"))
    made.add_argument("domain", nargs="?", metavar="GUEST", help="name, id or UUID of a guest")
    actions = made.add_argument_group("actions")
    add = actions.add_argument
    add(
        "--edit",
        action=Said,
        nargs="?",
        const=edit_words.FIRST,
        metavar="WHICH",
        help="change elements: 2, -1, all, target.dev=vda; or 1st",
    )
    add("--add-device", action=Said, nargs=0, help="add a device")
    add("--remove-device", action=Said, nargs=0, help="remove devices: --disk 2, --disk target.dev=vda, --disk all")
    add("--build-xml", action=Said, nargs=0, help="print a new element; no guest is needed")
    _add_outcome(made.add_argument_group("what becomes of it"))
    shared.add_osinfo(made.add_argument_group("operating system options (--add-device)"))
    shared.add_groups(made.add_argument_group("conversions"), CONVERSIONS, bare=CONVERSIONS, action=Said)
    shared.add_groups(made.add_argument_group("general options"), shared.GENERAL, action=Said)
    shared.add_groups(made.add_argument_group("device options"), shared.DEVICES, action=Said)
    rest = {**shared.GUEST, **shared.BOOTING}
    shared.add_groups(made.add_argument_group("guest configuration options"), rest, action=Said)
    misc = made.add_argument_group("miscellaneous options")
    shared.add_schema(made, misc)
    shared.add_talk(made, misc)
    return made


def _add_outcome(group: shared.Target) -> None:
    add = group.add_argument
    add("--update", action="store_true", help="change the running guest, too")
    either = group.add_mutually_exclusive_group()
    either.add_argument("--define", action="store_true", help="store the change, even if it is printed")
    either.add_argument("--no-define", action="store_true", help="do not store the change")
    add("--start", action="store_true", help="start the guest afterwards; not stored: for this one run")
    add("--print-diff", action="store_true", help="print the difference, and change nothing")
    add("--print-xml", action="store_true", help="print the changed XML, and change nothing")
    add("--confirm", action="store_true", help="show the difference and ask before anything is changed")


def main(argv: list[str]) -> int:
    """Run virtprov-xml; returns the exit status, raises ProvError."""
    args = build_parser().parse_args(argv)
    output = Output(json=args.output == "json", quiet=args.quiet)
    if answers.help_of_groups(args, GROUPS, output):
        return 0
    osinfo = answers.osinfo(args.osinfo)
    if answers.osinfo_words(osinfo, output):
        return 0
    said = edit_words.changes(args, GROUPS)
    requests = to_requests(args, said, osinfo)
    for sentence in edit_words.unheeded(said):
        output.warn(sentence)
    with _host(args) as host:
        return _run(args, requests, host, output)


# -- the request ---------------------------------------------------------------------------------


def to_requests(args: Namespace, said: list[Words], osinfo: OsinfoRequest) -> tuple[EditRequest, ...]:
    """Turn what was said into changes, in order; raises UsageError for what contradicts itself."""
    _check(args, [words.action for words in said])
    return tuple(edit_words.request(words, osinfo, schema=not args.no_schema_check) for words in said)


def _check(args: Namespace, actions: list[str]) -> None:
    """Flags that make no sense together."""
    if args.osinfo is not None and "add-device" not in actions:
        raise UsageError(
            f"--osinfo has no meaning with --{actions[0]}", hint="it helps --add-device to choose defaults"
        )
    if args.domain is None and actions != ["build-xml"]:
        if args.update:
            raise UsageError(
                "--update changes a running guest, and XML on standard input is none", hint="name the guest"
            )
        if args.confirm:
            raise UsageError(
                "--confirm reads the answer from standard input, and so is the XML", hint="name the guest"
            )
    if args.domain == "":
        raise UsageError("the guest's name is empty", hint="give a name, id or UUID")


# -- running -------------------------------------------------------------------------------------


def _host(args: Namespace) -> AbstractContextManager[Host | None]:
    """The host, where one is needed or named: XML in, XML out goes without libvirt."""
    from contextlib import nullcontext

    needed = args.domain is not None or args.connect or args.define or args.start
    if not needed and not (args.build_xml and os.environ.get("LIBVIRT_DEFAULT_URI")):
        return nullcontext()
    from virtprov.host.connection import connect

    return connect(args.connect)


def _run(args: Namespace, requests: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    from virtprov.actions import inforce, schema_check

    for sentence in schema_check.check_values([use for request in requests for use in request.uses], host):
        output.warn(sentence)
    if requests[0].action == "build-xml":
        return _build(args, requests, host, output)
    source = inforce.from_host(host, args.domain) if host and args.domain else inforce.from_bytes(_standard_input())
    wanted = _wanted(args, source, output)
    made = inforce.make(requests, source, wanted, host)
    if not made.diff:
        output.warn("nothing changes: the guest says so already")
    _print(args, made, output)
    for where in [] if wanted.anything else inforce.unmade(made):
        output.warn(f"the XML names the new disk {where}, but nothing makes it: give --connect URI --define")
    if args.confirm:
        wanted = _confirmed(args, made, wanted, output)
    plan = inforce.plan(made, wanted)
    output.tell_plan(plan)
    if plan.steps and host is not None:
        from virtprov.actions.plan import apply

        if not args.no_schema_check:
            for sentence in schema_check.check_documents((made.text,), host, source.stored.raw):
                output.warn(sentence)
        apply(plan, output.world(host))
    return _report(args, made, wanted, host, output)


def _standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "no guest is named, and standard input is a terminal",
            hint="name a guest, or feed XML: virsh dumpxml GUEST | virtprov-xml --edit ...",
        )
    return sys.stdin.buffer.read()


def _wanted(args: Namespace, source: Source, output: Output) -> Wanted:
    from virtprov.actions.inforce import Wanted

    printing = args.print_diff or args.print_xml or source.info is None
    update = args.update
    if update and source.info is not None and not source.info.active:
        output.warn(f"'{source.info.name}' is not running, so --update has nothing to change")
        update = False
    return Wanted(args.define or not (printing or args.no_define), update, args.start)


def _print(args: Namespace, made: Edited, output: Output) -> None:
    """The difference or the document, when it is what is asked for."""
    if args.print_diff:
        if made.diff:
            output.result(made.diff)
    elif args.print_xml or made.source.info is None:
        output.result(made.text)


def _confirmed(args: Namespace, made: Edited, wanted: Wanted, output: Output) -> Wanted:
    """Ask before each thing that would be done; returns what is left of it."""
    name = made.guest.name
    if not (args.print_diff or args.print_xml):
        (sys.stderr if output.json else sys.stdout).write(made.diff)
        sys.stdout.flush()
    if wanted.update and bool(made.lives) and not confirm(f"Change the running guest '{name}'?"):
        wanted = wanted._replace(update=False)
    if wanted.define and not confirm(f"Store the change of '{name}'?"):
        return wanted._replace(define=False, start=False)
    if wanted.start and not wanted.define and not confirm(f"Start '{name}' with the change, for this one run?"):
        wanted = wanted._replace(start=False)
    return wanted


def _report(args: Namespace, made: Edited, wanted: Wanted, host: Host | None, output: Output) -> int:
    """Say what was done."""
    from virtprov.actions import inforce

    info = made.source.info
    defined = inforce.stores(made, wanted)
    kept = not defined or host is None or inforce.kept(made.source, host)
    if not kept:
        output.warn("the host did not keep the change: its definition of the guest is as it was before")
    done = _sentences(made, wanted, defined and kept)
    printed = args.print_diff or args.print_xml or info is None
    if done:
        (output.say if printed else output.summary)(" ".join(done))
    elif args.confirm and made.diff:
        output.say("Nothing is changed.")
    elif not printed and not wanted.anything:
        output.say("Nothing is changed: the change is neither stored, nor made in the running guest, nor printed.")
    document = made.text if info is None or args.print_xml else ""
    output.object(_facts(made, wanted, document, defined=defined, kept=kept))
    return 0


def _sentences(made: Edited, wanted: Wanted, defined: bool) -> list[str]:
    name, info = made.guest.name, made.source.info
    updated = wanted.update and bool(made.lives)
    done = [f"The running guest '{name}' is changed."] if updated else []
    if defined and info is None:
        done.append(f"The guest '{name}' is defined.")
    elif defined:
        later = info is not None and info.active and not updated
        when = "; it takes effect once the guest is powered off and started again." if later else "."
        done.append(f"The definition of '{name}' is changed{when}")
    if wanted.start:
        done.append(f"The guest '{name}' is started.")
    return done


def _facts(made: Edited, wanted: Wanted, document: str, *, defined: bool, kept: bool) -> dict[str, object]:
    """What JSON says; docs/json.md explains each key. The document may hold passwords: only when it is asked for."""
    guest, request = made.guest, made.requests[0]
    return {
        "name": guest.name,
        "uuid": guest.uuid,
        "action": request.action,
        "group": request.group,
        "changed": bool(made.diff),
        "defined": defined,
        "kept": kept,
        "updated": wanted.update and bool(made.lives),
        "started": wanted.start,
        "diff": made.diff,
        "xml": document,
    }


def _build(args: Namespace, requests: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    from virtprov.actions import inforce

    source = inforce.from_host(host, args.domain) if host and args.domain else inforce.from_nothing(host)
    made = inforce.make(requests, source, inforce.Wanted(), host)
    for sentence in made.parts[-1].notes:
        output.say(sentence)
    for sentence in made.parts[-1].warnings:
        output.warn(sentence)
    text = inforce.alone(made)
    output.result(text)
    output.object(_facts(made._replace(diff=""), inforce.Wanted(), text, defined=False, kept=True))
    return 0
