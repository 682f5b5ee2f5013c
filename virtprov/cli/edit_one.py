"""virtprov-xml: one guest, or one document, from the request to what is said of it."""

from __future__ import annotations

import os
import sys

from virtprov.cli import edit_report
from virtprov.cli.output import Output, confirm
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from contextlib import AbstractContextManager

    from virtprov.actions.edit import EditRequest
    from virtprov.actions.inforce import Edited, Source, Wanted
    from virtprov.host.connection import Host


def host_for(args: Namespace) -> AbstractContextManager[Host | None]:
    """The host, where one is needed or named: XML in, XML out goes without libvirt."""
    from contextlib import nullcontext

    needed = args.guest is not None or args.connect or args.define or args.start
    if not needed and not (args.build_xml and os.environ.get("LIBVIRT_DEFAULT_URI")):
        return nullcontext()
    from virtprov.host.connection import connect

    return connect(args.connect)


def run(args: Namespace, requests: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    from virtprov.actions import inforce, schema_check

    for sentence in schema_check.check_values([use for request in requests for use in request.uses], host):
        output.warn(sentence)
    if requests[0].action == "build-xml":
        return _build(args, requests, host, output)
    source = inforce.from_host(host, args.guest) if host and args.guest else inforce.from_bytes(_standard_input())
    wanted = _wanted(args, source, output)
    made = inforce.make(requests, source, wanted, host)
    if not made.changed:
        output.warn("nothing changes: the guest says so already")
    _print(args, made, output)
    for where in [] if wanted.anything else inforce.unmade(made):
        output.warn(f"the XML names the new disk {where}, but nothing makes it: give --connect URI --define")
    if made.course is not None:
        edit_report.tell_effects({made.source.stored.guest.name: made.course.rows}, output)
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
        edit_report.tell_password(made, wanted, output)
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
    flag = next((name for name in ("update", "live", "both") if getattr(args, name)), "")
    if flag and source.info is not None and not source.info.active:
        if not args.both:
            output.warn(f"'{source.info.name}' is not running, so --{flag} has nothing to change")
        flag = ""
    define = args.define or not (printing or args.no_define or args.live)
    return Wanted(define, bool(flag), args.start, args.both)


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
    if wanted.update and made.acts and not confirm(f"Change the running guest '{name}'?"):
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
    done = edit_report.sentences(made, wanted, defined and kept)
    printed = args.print_diff or args.print_xml or info is None
    if done:
        (output.say if printed else output.summary)(" ".join(done))
    elif args.confirm and made.diff:
        output.say("Nothing is changed.")
    elif not printed and not wanted.anything:
        output.say("Nothing is changed: the change is neither stored, nor made in the running guest, nor printed.")
    document = made.text if info is None or args.print_xml else ""
    output.object(edit_report.facts(made, wanted, document, defined=defined, kept=kept))
    return 0


def _build(args: Namespace, requests: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    from virtprov.actions import inforce

    source = inforce.from_host(host, args.guest) if host and args.guest else inforce.from_nothing(host)
    made = inforce.make(requests, source, inforce.Wanted(), host)
    for sentence in made.parts[-1].notes:
        output.say(sentence)
    for sentence in made.parts[-1].warnings:
        output.warn(sentence)
    text = inforce.alone(made)
    output.result(text)
    output.object(edit_report.facts(made._replace(diff=""), inforce.Wanted(), text, defined=False, kept=True))
    return 0
