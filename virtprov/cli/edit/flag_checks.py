"""virtprov-xml: check for flags that cannot be used together, before any library is loaded."""

from __future__ import annotations

from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

_HOSTS = ("all", "where", "state")


def many(args: Namespace) -> bool:
    """Return whether the command line can select several guests, whatever is on the host."""
    return len(args.guests) > 1 or any(getattr(args, flag) not in (None, False) for flag in _HOSTS)


def check(args: Namespace, actions: list[str]) -> None:
    """Raise UsageError for contradictions in an edit."""
    if args.osinfo is not None and "add-device" not in actions:
        said = f" with --{actions[0]}" if actions else " here"
        raise UsageError(f"--osinfo has no effect{said}", hint="it is only used by --add-device, to choose defaults")
    if "" in args.guests:
        raise UsageError("the name of the guest is empty", hint="give a name, id or UUID")
    if args.guests and args.all:
        raise UsageError("--all cannot be combined with guest names", hint="omit one of them")
    _check_planes(args)
    if args.file is not None or args.in_place:
        _check_file(args)
    if not args.guests and not many(args):
        _check_document(args, actions)
    if many(args) and "build-xml" in actions:
        raise UsageError("--build-xml takes at most one guest", hint="name one guest")
    if args.verify:
        _check_verify(args, actions)
    _check_jobs(args)


def _check_jobs(args: Namespace) -> None:
    if args.jobs is not None and args.jobs < 1:
        raise UsageError(f"--jobs must be 1 or more, not {args.jobs}", hint="for example --jobs 8")


def _check_planes(args: Namespace) -> None:
    if args.live and args.define:
        raise UsageError(
            "--live and --define cannot be used together",
            hint="use --both to change the running guest and its definition",
        )
    if args.live and args.autostart is not None:
        raise UsageError(
            "--autostart cannot be used with --live: it is not part of the running guest", hint="omit --live"
        )


def _check_file(args: Namespace) -> None:
    if args.file is None:
        raise UsageError("--in-place requires --file", hint="give --file PATH")
    if args.guests or many(args):
        raise UsageError("--file cannot be combined with guests of a host", hint="omit --file, or the guests")
    if not args.in_place:
        return
    if args.file == "-":
        raise UsageError("--in-place cannot be used with standard input", hint="give --file PATH")
    for flag in ("define", "start", "print_xml", "build_xml"):
        if getattr(args, flag):
            name = flag.replace("_", "-")
            raise UsageError(f"--in-place and --{name} cannot be used together", hint="omit one of them")


def _check_document(args: Namespace, actions: list[str]) -> None:
    """Raise UsageError for flags that require a guest of a host."""
    what = "XML on standard input" if args.file in (None, "-") else "the XML in a file"
    if args.cloud_init:
        raise UsageError(f"--cloud-init requires a guest of a host; {what} is not enough", hint="name the guest")
    if args.autostart is not None:
        raise UsageError(f"--autostart requires a guest of a host; {what} is not enough", hint="name the guest")
    if args.keep_old is not None:
        raise UsageError(f"--keep-old requires a guest of a host; {what} is not enough", hint="name the guest")
    if actions == ["build-xml"]:
        return
    for flag in ("update", "live", "both"):
        if getattr(args, flag):
            raise UsageError(f"--{flag} requires a running guest; {what} is not enough", hint="name the guest")
    if args.confirm and args.file in (None, "-"):
        raise UsageError("--confirm cannot be used when the XML is read from standard input", hint="name the guest")


def _check_verify(args: Namespace, actions: list[str]) -> None:
    for flag in ("define", "start", "confirm", "keep_old", "in_place", "print_xml"):
        if getattr(args, flag):
            name = flag.replace("_", "-")
            raise UsageError(
                f"--verify and --{name} cannot be used together: --verify changes nothing", hint="omit one of them"
            )
    if "build-xml" in actions:
        raise UsageError("--verify cannot be used with --build-xml, which changes nothing", hint="omit --verify")
    if any(text != "eject" for text in args.cloud_init or ()):
        raise UsageError(
            "--verify cannot be used with --cloud-init, which always creates a new seed", hint="omit --verify"
        )


_UNDO = ("connect", "guests", "undo", "print_diff", "confirm", "keep_going", "jobs", "output", "quiet", "debug")


def undo(args: Namespace) -> None:
    """Raise UsageError for flags that cannot be used with --undo."""
    for name, value in vars(args).items():
        if name in (*_UNDO, "guest", "said") or value in (None, False, []):
            continue
        raise UsageError(
            f"--undo cannot be used with --{name.replace('_', '-')}",
            hint="--undo can be used with guest names, --connect, --print-diff, --confirm, --keep-going and --jobs",
        )
    _check_jobs(args)
