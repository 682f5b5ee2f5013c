"""virtprov-xml: one guest, or one document, from the request to what is said of it."""

from __future__ import annotations

import os
import sys

from virtprov.cli import standard_input
from virtprov.cli.edit import keep_old, report
from virtprov.cli.output import Output, confirm
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from contextlib import AbstractContextManager

    from virtprov.actions.edit.changes import EditRequest
    from virtprov.actions.edit.outcome import Edited, Wanted
    from virtprov.actions.edit.source import Source
    from virtprov.actions.run.plan import Plan
    from virtprov.host.connection import Host
    from virtprov.xml.keep import Letters


def host_for(args: Namespace) -> AbstractContextManager[Host | None]:
    """The host, where one is needed or named: XML in, XML out goes without libvirt."""
    from contextlib import nullcontext

    needed = args.guests or args.all or args.where is not None or args.state is not None
    needed = needed or args.connect or args.define or args.start
    if not needed and not (args.build_xml and os.environ.get("LIBVIRT_DEFAULT_URI")):
        return nullcontext()
    from virtprov.host.connection import connect

    return connect(args.connect)


def run(args: Namespace, requests: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    from virtprov.actions import schema_check
    from virtprov.actions.edit import outcome

    if requests and requests[0].action == "build-xml":
        return _build(args, requests, host, output)
    source, file = _source(args, host)
    wanted = _wanted(args, source, output)
    autostart = None if args.autostart is None else args.autostart == "yes"
    if wanted.verify:
        from virtprov.actions.edit import verify

        return _verify(verify.make(requests, source, wanted, host, autostart), output)
    made = outcome.make(requests, source, wanted, host, autostart)
    if not made.changed:
        output.warn("nothing changes: the guest says so already")
    if file is not None:
        return _write_back(args, made, file, output)
    _print(args, made, output)
    for where in [] if wanted.anything else outcome.unmade(made):
        output.warn(f"the XML names the new disk {where}, but nothing makes it: give --connect URI --define")
    if made.course is not None:
        report.tell_effects({made.source.stored.guest.name: made.course.rows}, output)
    if args.confirm:
        wanted = _confirmed(args, made, wanted, output)
    plan = outcome.plan(made, wanted)
    output.tell_plan(plan)
    if plan.steps and host is not None:
        if not args.no_schema_check:
            for sentence in schema_check.check_documents((made.text,), host, source.stored.raw):
                output.warn(sentence)
        if args.keep_old is not None:
            keep_old.write(args.keep_old, source.stored.raw)
        _apply(args, plan, made, host, output)
        report.tell_password(made, wanted, output)
    return _report(args, made, wanted, host, output)


def _source(args: Namespace, host: Host | None) -> tuple[Source, Letters | None]:
    """What is changed, and the file to write it back to, letter by letter."""
    from virtprov.actions.edit.source import from_bytes, from_file, from_host

    if host is not None and args.guest:
        return from_host(host, args.guest, autostart=args.autostart is not None), None
    if args.file in (None, "-"):
        return from_bytes(_standard_input()), None
    from virtprov.support.files import read_bytes
    from virtprov.xml import keep

    what = f"the file '{args.file}'"
    file = keep.letters(read_bytes(args.file), what)
    return from_file(file, what), file if args.in_place else None


def _apply(args: Namespace, plan: Plan, made: Edited, host: Host, output: Output) -> None:
    """Do it. What is stored is noted in the journal before."""
    from virtprov.actions.edit import journal, outcome
    from virtprov.actions.run.plan import apply

    book = None
    if outcome.notable(plan):
        book = report.journal_for(host, args.connect, output)
    world = output.world(host)
    report.tell_left(plan.steps, world, output)
    if book is None:
        apply(plan, world)
        return
    plan, entry = outcome.noted(plan, made, host, book)
    try:
        apply(plan, world)
    except BaseException:
        book.settle(journal.is_back(host, entry))
        raise
    book.finish()


def _verify(made: Edited, output: Output) -> int:
    """Say whether the guest is as asked, by the status and the difference."""
    from virtprov.actions.edit.outcome import Wanted

    if made.changed:
        output.result(report.difference(made))
    output.object(report.facts(made, Wanted(), "", defined=False, kept=True))
    return report.DIFFERS if made.changed else 0


def _write_back(args: Namespace, made: Edited, file: Letters, output: Output) -> int:
    """The changed document, back in the file it was read from, if it is another now."""
    from virtprov.actions.edit.outcome import Wanted, respelled

    if args.print_diff:
        output.result(made.diff)
    written = bool(made.diff) and not (args.print_diff or args.no_define)
    if written and args.confirm:
        _show(args, made, output)
        written = confirm(f"Write the change to '{args.file}'?")
    if written:
        from virtprov.support.files import rewrite

        rewrite(args.file, respelled(file, made))
        output.summary(f"The file '{args.file}' is changed.")
    elif made.diff:
        output.say("Nothing is changed.")
    output.object({**report.facts(made, Wanted(), "", defined=False, kept=True), "written": written})
    return 0


def _standard_input() -> bytes:
    if sys.stdin is not None and sys.stdin.isatty():
        raise UsageError(
            "no guest is named, and standard input is a terminal",
            hint="name a guest, or feed XML: virsh dumpxml GUEST | virtprov-xml --edit ...",
        )
    return standard_input.read("XML")


def _wanted(args: Namespace, source: Source, output: Output) -> Wanted:
    wanted = report.wanted(args, printed=source.info is None)
    if wanted.update and not wanted.verify and source.info is not None and not source.info.active:
        if not args.both:
            flag = report.plane(args)
            output.warn(f"'{source.info.name}' is not running, so --{flag} has nothing to change")
        wanted = wanted._replace(update=False)
    return wanted


def _print(args: Namespace, made: Edited, output: Output) -> None:
    """The difference or the document, when it is what is asked for."""
    if args.print_diff:
        if made.changed:
            output.result(report.difference(made))
    elif args.print_xml or made.source.info is None:
        output.document(made.text)


def _confirmed(args: Namespace, made: Edited, wanted: Wanted, output: Output) -> Wanted:
    """Ask before each thing that would be done; returns what is left of it."""
    name = made.guest.name
    _show(args, made, output)
    if wanted.update and made.acts and not confirm(f"Change the running guest '{name}'?"):
        wanted = wanted._replace(update=False)
    if wanted.define and not confirm(f"Store the change of '{name}'?"):
        return wanted._replace(define=False, start=False)
    if wanted.start and not wanted.define and not confirm(f"Start '{name}' with the change, for this one run?"):
        wanted = wanted._replace(start=False)
    return wanted


def _show(args: Namespace, made: Edited, output: Output) -> None:
    """The difference that is asked about, unless it is printed already."""
    if not (args.print_diff or args.print_xml):
        (sys.stderr if output.json else sys.stdout).write(report.difference(made))
        sys.stdout.flush()


def _report(args: Namespace, made: Edited, wanted: Wanted, host: Host | None, output: Output) -> int:
    """Say what was done."""
    from virtprov.actions.edit import outcome

    info = made.source.info
    defined = outcome.stores(made, wanted)
    kept = not defined or host is None or outcome.kept(made.source, host)
    if not kept:
        output.warn("the host did not keep the change: its definition of the guest is as it was before")
    done = report.sentences(made, wanted, defined and kept)
    printed = args.print_diff or args.print_xml or info is None
    if done:
        (output.say if printed else output.summary)(" ".join(done))
    elif args.confirm and made.changed:
        output.say("Nothing is changed.")
    elif not printed and not wanted.anything:
        output.say("Nothing is changed: the change is neither stored, nor made in the running guest, nor printed.")
    document = made.text if info is None or args.print_xml else ""
    output.object(report.facts(made, wanted, document, defined=defined, kept=kept))
    return 0


def _build(args: Namespace, requests: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    from virtprov.actions.edit import outcome
    from virtprov.actions.edit.source import from_host, from_nothing

    source = from_host(host, args.guest) if host and args.guest else from_nothing(host)
    made = outcome.make(requests, source, outcome.Wanted(), host)
    for sentence in made.parts[-1].notes:
        output.say(sentence)
    for sentence in made.parts[-1].warnings:
        output.warn(sentence)
    text = outcome.alone(made)
    output.document(text)
    output.object(report.facts(made._replace(diff=""), outcome.Wanted(), text, defined=False, kept=True))
    return 0
