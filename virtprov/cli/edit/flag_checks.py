"""virtprov-xml: check for flags that cannot be used together, before any library is loaded."""

from __future__ import annotations

from virtprov.cli.edit.typed_changes import CLOUD_INIT
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from virtprov.cli.edit.flags import Flags
    from virtprov.cli.edit.typed_changes import Words


def check(flags: Flags, changes: list[Words], *, has_osinfo: bool) -> None:
    """Raise UsageError for contradictions in an edit; `has_osinfo` tells whether --osinfo is given."""
    actions = [words.action for words in changes]
    if has_osinfo and "add-device" not in actions:
        where = f" with --{actions[0]}" if actions else " here"
        raise UsageError(f"--osinfo has no effect{where}", hint="it is only used by --add-device, to choose defaults")
    if "" in flags.guests:
        raise UsageError("the name of the guest is empty", hint="give a name, id or UUID")
    if flags.guests and flags.every:
        raise UsageError("--all cannot be combined with guest names", hint="omit one of them")
    _check_planes(flags)
    _check_template(flags)
    if flags.file is not None or flags.in_place:
        _check_file(flags, actions)
    if not flags.guests and not flags.chooses:
        _check_document(flags, actions)
    if flags.chooses and "build-xml" in actions:
        raise UsageError("--build-xml takes at most one guest", hint="name one guest")
    if flags.verify:
        _check_verify(flags, changes)
    _check_jobs(flags.jobs)


def _check_jobs(jobs: int | None) -> None:
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs must be 1 or more, not {jobs}", hint="for example --jobs 8")


def _check_planes(flags: Flags) -> None:
    if flags.plane != "live":
        return
    if flags.define:
        raise UsageError(
            "--live and --define cannot be used together",
            hint="use --both to change the running guest and its definition",
        )
    for name in _select({"autostart": flags.autostart is not None, "template": flags.template is not None}):
        raise UsageError(
            f"--{name} cannot be used with --live: it is not part of the running guest", hint="omit --live"
        )


def _check_template(flags: Flags) -> None:
    """Raise UsageError for what a template cannot do."""
    if flags.template != "yes":
        return
    for name in _select({"autostart yes": flags.autostart is True, "start": flags.start}):
        raise UsageError(
            f"--template yes and --{name} cannot be used together: a template is not started", hint="omit one of them"
        )


def _check_file(flags: Flags, actions: list[str]) -> None:
    if flags.file is None:
        raise UsageError("--in-place requires --file", hint="give --file PATH")
    if flags.guests or flags.chooses:
        raise UsageError("--file cannot be combined with guests of a host", hint="omit --file, or the guests")
    if not flags.in_place:
        return
    if flags.file == "-":
        raise UsageError("--in-place cannot be used with standard input", hint="give --file PATH")
    given = {
        "define": flags.define,
        "start": flags.start,
        "print-xml": flags.print_xml,
        "build-xml": "build-xml" in actions,
    }
    for name in _select(given):
        raise UsageError(f"--in-place and --{name} cannot be used together", hint="omit one of them")


def _select(given: Mapping[str, object]) -> list[str]:
    """Return the names of the flags that are given."""
    return [name for name, value in given.items() if value]


def _check_document(flags: Flags, actions: list[str]) -> None:
    """Raise UsageError for flags that require a guest of a host."""
    what = "XML on standard input" if flags.file in (None, "-") else "the XML in a file"
    given = {
        "cloud-init": CLOUD_INIT in actions,
        "autostart": flags.autostart is not None,
        "template": flags.template is not None,
        "keep-old": flags.keep_old is not None,
    }
    for name in _select(given):
        raise UsageError(f"--{name} requires a guest of a host; {what} is not enough", hint="name the guest")
    if actions == ["build-xml"]:
        return
    if flags.plane:
        raise UsageError(f"--{flags.plane} requires a running guest; {what} is not enough", hint="name the guest")
    if flags.asks and flags.file in (None, "-"):
        raise UsageError("--confirm cannot be used when the XML is read from standard input", hint="name the guest")


def _check_verify(flags: Flags, changes: list[Words]) -> None:
    given = {
        "define": flags.define,
        "start": flags.start,
        "confirm": flags.asks,
        "keep-old": flags.keep_old,
        "in-place": flags.in_place,
        "print-xml": flags.print_xml,
    }
    for name in _select(given):
        raise UsageError(
            f"--verify and --{name} cannot be used together: --verify changes nothing", hint="omit one of them"
        )
    if any(words.action == "build-xml" for words in changes):
        raise UsageError("--verify cannot be used with --build-xml, which changes nothing", hint="omit --verify")
    if any(text != "eject" for words in changes for text in words.groups.get(CLOUD_INIT, ())):
        raise UsageError(
            "--verify cannot be used with --cloud-init, which always creates a new seed", hint="omit --verify"
        )


_UNDO = (
    "connect", "guests", "undo", "print_diff", "confirm", "keep_going", "jobs", "output", "quiet", "debug", "color",
)  # fmt: skip


def undo(args: Namespace) -> None:
    """Raise UsageError for flags that cannot be used with --undo."""
    for name, value in vars(args).items():
        if name in (*_UNDO, "guest", "said") or value in (None, False, []):
            continue
        raise UsageError(
            f"--undo cannot be used with --{name.replace('_', '-')}",
            hint="--undo can be used with guest names, --connect, --print-diff, --confirm, --keep-going and --jobs",
        )
    _check_jobs(args.jobs)
