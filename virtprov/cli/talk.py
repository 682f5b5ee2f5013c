"""How a command talks: its name, and what --debug and --output ask for.

The command's own parser tells when it has read the line (`heard`). Where it could not, because the line is wrong or a
library is missing, a small parser that knows these flags alone reads it, so that a failure is told as asked all the
same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from typing import NoReturn


class Talk:
    """Whether what goes on inside is told, and whether the result is one JSON object."""

    __slots__ = ("debug", "json")

    def __init__(self, *, debug: bool = False, json: bool = False) -> None:
        self.debug = debug
        self.json = json


tool = "virtprov"
"""The name of the command that runs."""

_heard: Talk | None = None
_hush: Callable[[], None] | None = None


def begin(name: str) -> None:
    """A command of this name begins; nothing is known of its line yet."""
    global tool
    end()
    tool = name


def heard(args: Namespace) -> None:
    """The parser has read the line; with --debug, the log is printed from here on."""
    global _heard, _hush
    if "debug" not in args or _heard is not None:
        return
    _heard = Talk(debug=args.debug, json=args.output == "json")
    if args.debug:
        from virtprov.support import log

        _hush = log.start(log.to_stderr)


def asked(argv: list[str]) -> Talk:
    """What the line asks for, be it one that the command's parser could not read."""
    return _heard or _read(argv)


def end() -> None:
    """The command is over; the log is no longer printed."""
    global _heard, _hush
    if _hush is not None:
        _hush()
    _heard = _hush = None


def _read(argv: list[str]) -> Talk:
    """What the words before `--` say of the two flags; a line that is wrong in these as well says nothing."""
    from argparse import ArgumentParser

    class Refused(Exception):
        pass

    class Small(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise Refused

    small = Small(add_help=False, allow_abbrev=False)
    small.add_argument("-q", "--quiet", action="store_true")
    small.add_argument("-d", "--debug", action="store_true")
    small.add_argument("--output")
    words = argv[: argv.index("--")] if "--" in argv else argv
    try:
        args = small.parse_known_args(words)[0]
    except Refused:
        return Talk()
    return Talk(debug=args.debug, json=args.output == "json")
