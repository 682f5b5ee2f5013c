"""virtprov-xml: parse the command line and run the edit."""

from __future__ import annotations

from virtprov.cli import answers, compat
from virtprov.cli.edit import flag_checks, typed_changes
from virtprov.cli.edit.flags import GROUPS, IGNORED, WITH_HELP, build_parser, read
from virtprov.cli.printing.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from virtprov.actions.edit.changing.changes import EditRequest
    from virtprov.cli.edit.flags import Flags
    from virtprov.cli.edit.typed_changes import Words
    from virtprov.host.connection import Host
    from virtprov.osinfo.os_request import OsinfoRequest

__all__ = ["GROUPS", "build_parser", "main", "to_requests"]


def main(argv: list[str]) -> int:
    """Run virtprov-xml; returns the exit status, raises ProvError."""
    args = build_parser().parse_args(argv)
    output = Output(json=args.output == "json", quiet=args.quiet)
    if answers.help_of_groups(args, WITH_HELP, output):
        return 0
    for flag in IGNORED:
        if getattr(args, flag[2:].replace("-", "_")):
            output.warn(f"{flag} has no effect, as with virt-xml")
    osinfo = answers.osinfo(args.osinfo)
    if answers.osinfo_words(osinfo, output):
        return 0
    if not args.show_passwords:
        return _run(args, osinfo, output)
    from virtprov.xml.diff import passwords

    passwords.shown = True
    try:
        return _run(args, osinfo, output)
    finally:
        passwords.shown = False


def _run(args: Namespace, osinfo: OsinfoRequest, output: Output) -> int:
    """Do what the command line asks; returns the exit status."""
    if args.undo:
        from virtprov.cli.edit import undo

        flag_checks.undo(args)
        return undo.run(read(args), output)
    typed = typed_changes.changes(args, GROUPS)
    flags = read(args)
    flag_checks.check(flags, typed, has_osinfo=args.osinfo is not None)
    changes = to_requests(typed, osinfo, schema=flags.schema, checks=args.check)
    output.warn_each(typed_changes.warn_of_unheeded(typed))
    build = bool(changes) and changes[0].action == "build-xml"
    with _host(flags, build=build) as host:
        from virtprov.cli.edit import carry_out, without_guest
        from virtprov.library.editing import warn_of_doubts, without_doubts

        warn_of_doubts(changes, host, output)
        changes = changes if host is not None else without_doubts(changes)
        if build:
            return without_guest.build(flags, changes, host, output)
        if flags.in_place:
            return without_guest.write_back(flags, changes, host, output)
        return carry_out.run(flags, changes, host, output)


def _host(flags: Flags, *, build: bool) -> AbstractContextManager[Host | None]:
    """Connect to the host if one is needed or given: XML from standard input needs no libvirt."""
    import os
    from contextlib import nullcontext

    needed = flags.guests or flags.chooses or flags.connect or flags.define or flags.start
    if not needed and not (build and os.environ.get("LIBVIRT_DEFAULT_URI")):
        return nullcontext()
    from virtprov.cli.connecting import connect

    return connect(flags.connect)


def to_requests(
    changes: list[Words], osinfo: OsinfoRequest, *, schema: bool, checks: Sequence[str] = ()
) -> tuple[EditRequest, ...]:
    """Return the requests for the typed changes, in order; raises UsageError for invalid ones."""
    from virtprov.library.edit_request import to_request

    requests = [to_request(typed_changes.change(words, osinfo), schema=schema, checks=checks) for words in changes]
    return tuple(request._replace(directory_pools=compat.held.directory_pools) for request in requests)
