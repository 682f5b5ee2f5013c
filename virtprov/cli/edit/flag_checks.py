"""virtprov-xml: flags that make no sense together, before any library is loaded."""

from __future__ import annotations

from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

_HOSTS = ("all", "where", "state")


def many(args: Namespace) -> bool:
    """Whether the command line may mean several guests, whatever is on the host."""
    return len(args.guests) > 1 or any(getattr(args, flag) not in (None, False) for flag in _HOSTS)


def check(args: Namespace, actions: list[str]) -> None:
    """Raise UsageError for what contradicts itself in an edit."""
    if args.osinfo is not None and "add-device" not in actions:
        said = f" with --{actions[0]}" if actions else " here"
        raise UsageError(f"--osinfo has no meaning{said}", hint="it helps --add-device to choose defaults")
    if "" in args.guests:
        raise UsageError("the guest's name is empty", hint="give a name, id or UUID")
    if args.guests and args.all:
        raise UsageError("--all means every guest, and some are named as well", hint="leave out one of them")
    _check_planes(args)
    if args.file is not None or args.in_place:
        _check_file(args)
    if not args.guests and not many(args):
        _check_document(args, actions)
    if many(args) and "build-xml" in actions:
        raise UsageError("--build-xml shows one element, for one guest or for none", hint="name one guest")
    if args.verify:
        _check_verify(args, actions)
    _check_jobs(args)


def _check_jobs(args: Namespace) -> None:
    if args.jobs is not None and args.jobs < 1:
        raise UsageError(f"--jobs {args.jobs}: at least one guest at a time is worked on", hint="for example --jobs 8")


def _check_planes(args: Namespace) -> None:
    if args.live and args.define:
        raise UsageError("--live and --define exclude each other", hint="--both changes what runs and what is stored")
    if args.live and args.autostart is not None:
        raise UsageError("--autostart is no part of what runs", hint="leave out --live")


def _check_file(args: Namespace) -> None:
    if args.file is None:
        raise UsageError("--in-place writes a file back, and none is given", hint="give --file PATH")
    if args.guests or many(args):
        raise UsageError("--file is edited instead of a guest of a host", hint="leave out --file, or the guests")
    if not args.in_place:
        return
    if args.file == "-":
        raise UsageError("--in-place cannot write standard input back", hint="give --file PATH")
    for flag in ("define", "start", "print_xml", "build_xml"):
        if getattr(args, flag):
            name = flag.replace("_", "-")
            raise UsageError(f"--in-place and --{name} exclude each other", hint="leave out one of them")


def _check_document(args: Namespace, actions: list[str]) -> None:
    """What cannot be said of a document that is no guest of a host."""
    what = "XML on standard input" if args.file in (None, "-") else "the XML in a file"
    if args.cloud_init:
        raise UsageError(f"--cloud-init keeps a seed on the guest's host, and {what} has none", hint="name the guest")
    if args.autostart is not None:
        raise UsageError(f"--autostart is kept by a guest's host, and {what} has none", hint="name the guest")
    if args.keep_old is not None:
        raise UsageError(f"--keep-old keeps the definition of a guest, and {what} is none", hint="name the guest")
    if actions == ["build-xml"]:
        return
    for flag in ("update", "live", "both"):
        if getattr(args, flag):
            raise UsageError(f"--{flag} changes a running guest, and {what} is none", hint="name the guest")
    if args.confirm and args.file in (None, "-"):
        raise UsageError("--confirm reads the answer from standard input, and so is the XML", hint="name the guest")


def _check_verify(args: Namespace, actions: list[str]) -> None:
    for flag in ("define", "start", "confirm", "keep_old", "in_place", "print_xml"):
        if getattr(args, flag):
            name = flag.replace("_", "-")
            raise UsageError(f"--verify changes nothing, so --{name} has no meaning", hint="leave out one of them")
    if "build-xml" in actions:
        raise UsageError("--build-xml changes nothing, so there is nothing to verify", hint="leave out --verify")
    if any(text != "eject" for text in args.cloud_init or ()):
        raise UsageError(
            "--cloud-init makes a new seed each time, so a guest never has it already", hint="leave out --verify"
        )


_UNDO = ("connect", "guests", "undo", "print_diff", "confirm", "keep_going", "jobs", "output", "quiet", "debug")


def undo(args: Namespace) -> None:
    """Raise UsageError for what goes with a change, but not with taking one back."""
    for name, value in vars(args).items():
        if name in (*_UNDO, "guest", "said") or value in (None, False, []):
            continue
        raise UsageError(
            f"--undo puts back what the last run changed, and takes no --{name.replace('_', '-')}",
            hint="it takes names of guests, --connect, --print-diff, --confirm and --keep-going",
        )
    _check_jobs(args)
