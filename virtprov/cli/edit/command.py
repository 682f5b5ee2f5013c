"""virtprov-xml: the command line, what it asks for, who does it."""

from __future__ import annotations

from virtprov.cli import answers
from virtprov.cli.edit import flag_checks, typed_changes
from virtprov.cli.edit.flags import GROUPS, WITH_HELP, build_parser
from virtprov.cli.output import Output
from virtprov.support.pattern import is_pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.edit.changes import EditRequest
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
    osinfo = answers.osinfo(args.osinfo)
    if answers.osinfo_words(osinfo, output):
        return 0
    if args.show_passwords:
        from virtprov.xml.diff import passwords

        passwords.shown = True
    if args.undo:
        from virtprov.cli.edit import undo

        flag_checks.undo(args)
        return undo.run(args, output)
    said = typed_changes.changes(args, GROUPS)
    requests = to_requests(args, said, osinfo)
    for sentence in typed_changes.unheeded(said):
        output.warn(sentence)
    from virtprov.cli.edit import one, report

    with one.host_for(args) as host:
        report.tell_doubts(requests, host, output)
        if host is not None and _many(args, host):
            from virtprov.cli.edit import fleet

            return fleet.run(args, requests, host, output)
        return one.run(args, requests, host, output)


def _many(args: Namespace, host: Host) -> bool:
    """Whether several guests may be meant: the answer has another form then, however many they are."""
    if flag_checks.many(args):
        return True
    return is_pattern(args.guest or "") and host.guest(args.guest) is None


def to_requests(args: Namespace, said: list[Words], osinfo: OsinfoRequest) -> tuple[EditRequest, ...]:
    """Turn what was said into changes, in order; raises UsageError for what contradicts itself."""
    flag_checks.check(args, [words.action for words in said])
    return tuple(typed_changes.request(words, osinfo, schema=not args.no_schema_check) for words in said)
