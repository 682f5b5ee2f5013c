"""virtprov-xml: the command line, what it prints, how it ends."""

from __future__ import annotations

import os
import sys

from virtprov.cli import answers, gather, shared, subopts
from virtprov.cli.output import Output, confirm
from virtprov.options.catalogue import table
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from contextlib import AbstractContextManager

    from virtprov.actions.edit import EditRequest
    from virtprov.actions.inforce import Edited, Source, Wanted
    from virtprov.actions.request import Use
    from virtprov.guest.select import Selector
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile
    from virtprov.osinfo.request import OsinfoRequest

_USAGE = "%(prog)s [GUEST] ACTION --GROUP ... [options]"
_DESCRIPTION = "Change, add, remove or build a part of a guest's XML. Without GUEST, XML is read from standard input."
_FIRST = 1
"""What --edit alone means."""

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
    add("--edit", nargs="?", const=_FIRST, metavar="WHICH", help="change elements: 2, -1, all, target.dev=vda; or 1st")
    add("--add-device", action="store_true", help="add a device")
    add("--remove-device", action="store_true", help="remove devices: --disk 2, --disk target.dev=vda, --disk all")
    add("--build-xml", action="store_true", help="print a new element; no guest is needed")
    _add_outcome(made.add_argument_group("what becomes of it"))
    shared.add_osinfo(made.add_argument_group("operating system options (--add-device)"))
    shared.add_groups(made.add_argument_group("conversions"), CONVERSIONS, bare=CONVERSIONS)
    shared.add_groups(made.add_argument_group("general options"), shared.GENERAL)
    shared.add_groups(made.add_argument_group("device options"), shared.DEVICES)
    shared.add_groups(made.add_argument_group("guest configuration options"), {**shared.GUEST, **shared.BOOTING})
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
    request = to_request(args, osinfo)
    if args.remove_device and len(getattr(args, shared.destination(request.group))) > 1:
        output.warn(f"of several --{request.group} only the last one is heeded: remove one kind after the other")
    with _host(args) as host:
        return _run(args, request, host, output)


# -- the request ---------------------------------------------------------------------------------


def to_request(args: Namespace, osinfo: OsinfoRequest) -> EditRequest:
    """Turn the parsed command line into a request; raises UsageError for what contradicts itself."""
    from virtprov.actions.edit import ADD, REMOVE, EditRequest, check_group
    from virtprov.guest.select import Selector

    action = _action(args)
    group = _group(args)
    _check(args, action)
    check_group(action, group)
    texts = getattr(args, shared.destination(group))
    if action == REMOVE:
        return EditRequest(action, group, (), _selector(group, texts[-1]))
    profile = _profile(osinfo) if action == ADD else None
    if group in CONVERSIONS:
        texts = [text for text in texts if text != "default"]
    uses = _uses(group, texts, action, schema=not args.no_schema_check)
    selector = Selector() if args.edit in (None, _FIRST) else _selector(group, args.edit)
    return EditRequest(action, group, uses, selector, profile)


def _action(args: Namespace) -> str:
    given = {
        "edit": args.edit is not None,
        "add-device": args.add_device,
        "remove-device": args.remove_device,
        "build-xml": args.build_xml,
    }
    chosen = [name for name, on in given.items() if on]
    if len(chosen) > 1:
        raise UsageError(
            f"--{chosen[0]} and --{chosen[1]} exclude each other", hint="run the command once for each change"
        )
    if not chosen:
        raise UsageError(
            "what is to be done is not said", hint="give one of --edit, --add-device, --remove-device, --build-xml"
        )
    return chosen[0]


def _group(args: Namespace) -> str:
    given = [group for group in GROUPS if getattr(args, shared.destination(group))]
    if len(given) > 1:
        raise UsageError(
            f"--{given[0]} and --{given[1]} are two changes", hint="run the command once for each option group"
        )
    if not given:
        raise UsageError(
            "the change itself is missing", hint="add an option group, such as --disk ... or --memory 4096"
        )
    return given[0]


def _check(args: Namespace, action: str) -> None:
    """Flags that make no sense together."""
    if args.osinfo is not None and action != "add-device":
        raise UsageError(f"--osinfo has no meaning with --{action}", hint="it helps --add-device to choose defaults")
    if args.domain is None and action != "build-xml":
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


def _selector(group: str, text: str) -> Selector:
    from virtprov.guest.assign import resolve
    from virtprov.guest.select import Selector, is_position

    text = text.strip()
    if not text:
        raise UsageError(
            f"which --{group} is meant is left empty", hint="give a number, all, or what the XML says of it"
        )
    if is_position(text):
        return Selector(text)
    rows = table(group)
    return Selector("", resolve(rows, subopts.pairs(rows, text)), text)


def _uses(group: str, texts: list[str], action: str, *, schema: bool) -> tuple[Use, ...]:
    found, refused = gather.group_uses(group, texts, schema=schema)
    if refused:
        raise UsageError(
            f"--{group} none says nothing with --{action}",
            hint=f"--remove-device --{group} all takes out every one of them",
        )
    return tuple(found)


def _profile(osinfo: OsinfoRequest) -> Profile | None:
    if not osinfo.name:
        return None
    from virtprov.osinfo.lookup import find

    return find(osinfo.name)


# -- running -------------------------------------------------------------------------------------


def _host(args: Namespace) -> AbstractContextManager[Host | None]:
    """The host, where one is needed or named: XML in, XML out goes without libvirt."""
    from contextlib import nullcontext

    needed = args.domain is not None or args.connect or args.define or args.start
    if not needed and not (args.build_xml and os.environ.get("LIBVIRT_DEFAULT_URI")):
        return nullcontext()
    from virtprov.host.connection import connect

    return connect(args.connect)


def _run(args: Namespace, request: EditRequest, host: Host | None, output: Output) -> int:
    from virtprov.actions import inforce, schema_check

    for sentence in schema_check.check_values(request.uses, host):
        output.warn(sentence)
    if request.action == "build-xml":
        return _build(args, request, host, output)
    source = inforce.from_host(host, args.domain) if host and args.domain else inforce.from_bytes(_standard_input())
    wanted = _wanted(args, source, output)
    made = inforce.make(request, source, wanted, host)
    if not made.diff:
        output.warn("nothing changes: the guest says so already")
    _print(args, made, output)
    for where in [] if any(wanted) else inforce.unmade(made):
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
    name = made.changed.guest.name
    if not (args.print_diff or args.print_xml):
        (sys.stderr if output.json else sys.stdout).write(made.diff)
        sys.stdout.flush()
    if wanted.update and made.live is not None and not confirm(f"Change the running guest '{name}'?"):
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
    elif not printed and not any(wanted):
        output.say("Nothing is changed: the change is neither stored, nor made in the running guest, nor printed.")
    document = made.text if info is None or args.print_xml else ""
    output.object(_facts(made, wanted, document, defined=defined, kept=kept))
    return 0


def _sentences(made: Edited, wanted: Wanted, defined: bool) -> list[str]:
    name, info = made.changed.guest.name, made.source.info
    updated = wanted.update and made.live is not None
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
    guest, request = made.changed.guest, made.request
    return {
        "name": guest.name,
        "uuid": guest.uuid,
        "action": request.action,
        "group": request.group,
        "changed": bool(made.diff),
        "defined": defined,
        "kept": kept,
        "updated": wanted.update and made.live is not None,
        "started": wanted.start,
        "diff": made.diff,
        "xml": document,
    }


def _build(args: Namespace, request: EditRequest, host: Host | None, output: Output) -> int:
    from virtprov.actions import inforce

    source = inforce.from_host(host, args.domain) if host and args.domain else inforce.from_nothing(host)
    made = inforce.make(request, source, inforce.Wanted(), host)
    for sentence in made.changed.notes:
        output.say(sentence)
    for sentence in made.changed.warnings:
        output.warn(sentence)
    text = inforce.alone(made)
    output.result(text)
    output.object(_facts(made._replace(diff=""), inforce.Wanted(), text, defined=False, kept=True))
    return 0
