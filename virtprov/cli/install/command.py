"""virtprov-install: the command line, its output, its exit status."""

from __future__ import annotations

import sys

from virtprov.cli import answers, compat
from virtprov.cli.install import flags, legacy
from virtprov.cli.printing.output import Output
from virtprov.options.catalogue import IN_ORDER
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from contextlib import ExitStack

    from virtprov.actions.install.install_plan import InstallPlan
    from virtprov.actions.request import InstallRequest
    from virtprov.cli.install.closing import Closing
    from virtprov.cli.install.parse_request import RunRequest
    from virtprov.cli.parser import Parser
    from virtprov.host.connection import Host
    from virtprov.library.installing import Installation

GROUPS = (*IN_ORDER, "cloud-init", "install", "image", "location", "unattended", "check")


def build_parser() -> Parser:
    """The parser of virtprov-install."""
    return flags.install_parser()


def main(argv: list[str]) -> int:
    """Run virtprov-install; returns the exit status, raises ProvError."""
    parser = build_parser()
    args = parser.parse_args(argv)
    output = Output(
        json=args.output == "json", quiet=args.quiet or args.explain or args.seed_dump or args.print_xml is not None
    )
    for sentence in legacy.apply(args):
        output.warn(sentence)
    if answers.help_of_groups(args, GROUPS, output):
        return 0
    if args.identify:
        return _identify(args.identify, output)
    if args.test_media_detection:
        return _detect(args.test_media_detection, args.arch, output)
    osinfo = answers.osinfo(args.osinfo)
    if answers.osinfo_words(osinfo, output):
        return 0
    if answers.image_list(args.image, output):
        return 0
    if (status := _without_new_guest(args, parser, output)) is not None:
        return status
    if args.wait == 0:
        output.warn("--wait 0 is treated as --noautoconsole: the command does not wait")
        args.wait, args.autoconsole = None, "none"
    from virtprov.cli.install.parse_request import to_request, to_run_request

    return _run(to_request(args, osinfo), to_run_request(args), output)


def _without_new_guest(args: Namespace, parser: Parser, output: Output) -> int | None:
    """Carry out a command that creates no guest; returns its exit status, None if it is another one."""
    if args.image_cache:
        return _look_after_images(args.image_cache, args.connect, output)
    if args.record_host:
        return _record(args.connect, args.record_host, output)
    if args.doctor:
        from virtprov.cli.install.other_uses import doctor

        return doctor.main(args, parser, output)
    if args.json_schema is not None:
        from virtprov.cli.install import json_schema

        return json_schema.main(args.json_schema, output)
    if args.shims is not None:
        from virtprov.cli.install.other_uses import shims

        return shims.main(args.shims, output)
    if args.clean_up:
        from virtprov.cli.install.other_uses import clean_up

        return clean_up.main(args.connect, output, ask=not args.yes)
    if args.info is not None:
        from virtprov.cli.install.other_uses import show_info as info

        return info.main(args.connect, args.info, output)
    if not compat.held.removes_nothing and (args.remove or args.keep_disks or args.with_disk or args.force_off):
        from virtprov.cli.install.other_uses import remove

        return remove.main(remove.read(args, parser), output)
    if args.yes:
        raise UsageError(
            "--yes can only be used with --clean-up and --remove", hint="no other command asks for confirmation"
        )
    return None


# -- what needs no guest --------------------------------------------------------------------------


def _identify(media: list[str], output: Output) -> int:
    from virtprov.cli.install.other_uses import identify_text as identify_words
    from virtprov.osinfo.identify import identify

    warnings: list[str] = []
    found = identify(media, warnings)
    for sentence in warnings:
        output.warn(sentence)
    for each in found:
        output.line(identify_words.line(each))
    output.items("identify", [each.as_json() for each in found])
    return 0 if not any(each.error for each in found) else 1


def _detect(text: str, arch: str, output: Output) -> int:
    """Print what `--location` finds in a place: its system, and what is booted."""
    from virtprov.places.place import PlaceRequest
    from virtprov.places.place_text import check_location
    from virtprov.places.resolve import resolve
    from virtprov.support.web.http import remove_credentials

    warnings: list[str] = []
    found = resolve(PlaceRequest(check_location(text)), arch=arch, osinfo_warnings=warnings)
    for sentence in warnings:
        output.warn(sentence)
    files = (found.kernel, found.initrd)
    kernel, initrd = (remove_credentials(file.member or file.path or file.url) if file else "" for file in files)
    output.result(found.detected.os or "unknown")
    args = tuple(remove_credentials(arg) for arg in found.kernel_args)
    output.say(f"kernel {kernel}, initrd {initrd}, kernel arguments: {' '.join(args) or 'none'}")
    facts = {"place": found.place, "kind": found.kind, "os": found.detected.os, "arch": found.detected.arch}
    output.object("location", {**facts, "kernel": kernel, "initrd": initrd, "kernel_args": list(args)})
    return 0


def _look_after_images(action: str, uri: str | None, output: Output) -> int:
    from virtprov.cli.install.other_uses import image_cache

    return image_cache.main(action, uri, output)


def _record(uri: str | None, folder: str, output: Output) -> int:
    from virtprov.cli.connecting import connect
    from virtprov.host.recorder import record

    with connect(uri) as host:
        for sentence in record(host, folder):
            output.warn(sentence)
        output.summary(f"Recorded {host.uri} in {folder}.")
        output.object("record-host", {"uri": host.uri, "recorded": folder})
    return 0


# -- running --------------------------------------------------------------------------------------


def _run(request: InstallRequest, run: RunRequest, output: Output) -> int:
    from contextlib import ExitStack

    from virtprov.actions import schema_check
    from virtprov.cli.connecting import connect
    from virtprov.library.installing import Installation

    if run.explain is not None:
        return _explain(request, run, output)
    if run.seed_dump:
        from virtprov.cli.install import seed_dump

        with connect(run.uri) as host:
            return seed_dump.main(request, host, output)
    with connect(run.uri, events=bool(request.wait)) as host, ExitStack() as held:
        if request.ensure:
            from virtprov.cli.install import ensure

            if ensure.is_done(host, request, held, output):
                return 0
        work = Installation(host, request, output)
        if work.made.taken:
            output.warn(work.made.taken, always=not run.quiet)
        if run.print_xml:
            for sentence in schema_check.list_dropped(request.uses, host):
                output.warn(sentence, always=not run.quiet)
            if work.made.image is not None:  # the XML only names the disk on it
                output.say(work.made.image.sentence, always=not run.quiet)
            return _print(work, run.print_xml, output)
        if run.check_schema:
            work.check()
        if run.dry:
            from virtprov.cli.printing import dry_run

            dry_run.tell(work.made.plan.steps, output)
            if compat.held.old_sentences:
                output.summary("Dry run completed successfully")
            output.object("install", _facts(work.made, host))
            return 0
        return _create(work, run.console, output, held)


def _explain(request: InstallRequest, run: RunRequest, output: Output) -> int:
    from virtprov.actions.install import install_plan
    from virtprov.cli.connecting import connect
    from virtprov.cli.install import explain
    from virtprov.library.listening import tell_plan

    if request.reinstall:
        raise UsageError(
            "--explain cannot be used with --reinstall: it only explains new guests", hint="omit one of them"
        )
    ledger = explain.ledger(request, run.explain or {})
    with connect(run.uri) as host:
        plan = install_plan.plan(request, host, ledger).plan
    tell_plan(plan, output)
    facts = ledger.facts()
    output.heading(explain.HEADING)
    output.result("\n".join(explain.lines(facts, output.columns() or explain.WIDTH)))
    output.object("explain", {"name": plan.name, "facts": [fact._asdict() for fact in facts]})
    return 0


def _facts(plan: InstallPlan, host: Host, *, created: bool = False) -> dict[str, object]:
    """Return the JSON output for a guest: the same keys, whether it is created or only planned."""
    from virtprov.cli.install.image_facts import image_facts
    from virtprov.cli.printing import result_lines

    return {
        "name": plan.plan.name,
        "uuid": plan.uuid,
        "created": created,
        "state": "",
        "uri": host.uri,
        "macs": list(plan.macs),
        "volumes": list(plan.volumes),
        "root_password": None,
        "steps": [step.label for step in plan.plan.steps],
        "documents": [],
        "image": image_facts(plan.image, is_fetched=created),
        **result_lines.facts(None),
    }


def _print(work: Installation, which: str, output: Output) -> int:
    """Print the XML; a run with an old name first creates the storage that it refers to."""
    if which != "all" and int(which) > len(work.made.plan.documents):
        raise UsageError(
            f"--print-xml {which}: this guest is installed in a single step",
            hint="use --print-xml without a number, or with 1",
        )
    if work.made.plan.steps:
        work.create()
    documents = work.made.plan.documents
    if which != "all":
        documents = (documents[int(which) - 1],)
    between = "\n" if compat.held.separate_documents else ""
    output.document("".join(document + between for document in documents))
    if output.json:  # else nobody sees it
        output.object("install", {**_facts(work.made, work.host), "documents": list(documents)})
    return 0


def _create(work: Installation, console: str, output: Output, held: ExitStack) -> int:
    from virtprov.cli.install import attach_console, closing
    from virtprov.support.errors import WaitTimeout

    told = closing.for_run(work, output)
    told.begin()
    work.create()
    held.close()
    password = work.password
    if password:
        told.password(password)
    request = work.request
    # ends with what is open
    ends = request.destroy_on_exit and (console != attach_console.NONE or bool(request.wait))
    try:
        state = work.follow(lambda: _show(work, console, output, told), ends=ends)
    except BaseException as failure:
        if isinstance(failure, WaitTimeout):
            told.give_up()
        if password and output.json:  # there will be no object that could carry it
            sys.stderr.write(f"{told.describe_password(password)}\n")
        raise
    told.end(state)
    facts = _facts(work.made, work.host, created=True)
    facts |= {"state": state, "root_password": password or None}
    wanted = work.made.wanted
    not_asked = wanted.not_asked if wanted is not None else ()
    from virtprov.cli.printing import result_lines

    output.object("install", {**facts, **result_lines.facts(told.result, work.context.stages, not_asked)})
    return 0


def _show(work: Installation, console: str, output: Output, told: Closing) -> float | None:
    """Show the guest's console, as asked; returns how many minutes to wait for the guest then."""
    minutes = _open_console(work, console, output)
    told.wait(minutes)
    return minutes


def _open_console(work: Installation, console: str, output: Output) -> float | None:
    from virtprov.cli.install import attach_console

    name, host, minutes = work.made.plan.name, work.context.host, work.request.wait
    if host.driver == "test" or host.is_recorded:  # nothing runs there
        return minutes
    kind = attach_console.choose(console, work.made, attach_console.means(), output)
    if minutes is None and attach_console.waits(console, kind, work.made):
        output.say(f"Waiting until '{name}' is off, as with --wait; use --noautoconsole to exit at once")
        minutes = -1.0
    if kind != attach_console.NONE:
        attach_console.attach(kind, name, host, output)
    return minutes
