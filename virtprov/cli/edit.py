"""virtprov-xml: the command line, what it asks for, who does it."""

from __future__ import annotations

from virtprov.cli import answers, edit_words
from virtprov.cli.edit_flags import GROUPS, WITH_HELP, build_parser
from virtprov.cli.output import Output
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.edit import EditRequest
    from virtprov.cli.edit_words import Words
    from virtprov.osinfo.request import OsinfoRequest

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
    said = edit_words.changes(args, GROUPS)
    requests = to_requests(args, said, osinfo)
    for sentence in edit_words.unheeded(said):
        output.warn(sentence)
    from virtprov.cli import edit_one

    with edit_one.host_for(args) as host:
        return edit_one.run(args, requests, host, output)


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
    if args.guest is None and args.cloud_init:
        raise UsageError(
            "--cloud-init keeps a seed on the guest's host, and XML on standard input has none", hint="name the guest"
        )
    if args.guest is None and actions != ["build-xml"]:
        for flag in ("update", "live", "both"):
            if getattr(args, flag):
                raise UsageError(
                    f"--{flag} changes a running guest, and XML on standard input is none", hint="name the guest"
                )
        if args.confirm:
            raise UsageError(
                "--confirm reads the answer from standard input, and so is the XML", hint="name the guest"
            )
    if args.live and args.define:
        raise UsageError("--live and --define exclude each other", hint="--both changes what runs and what is stored")
    if args.guest == "":
        raise UsageError("the guest's name is empty", hint="give a name, id or UUID")
