"""How a command reports: its name, and --debug and --output.

The command's parser reports the parsed flags (`heard`). If it could not parse them, because of an error or a missing
library, a small parser that only knows these flags is used, so that the failure is still reported in the requested
form.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from typing import NoReturn


class Talk:
    """Whether debug messages are printed, and whether the result is a JSON object."""

    __slots__ = ("debug", "json")

    def __init__(self, *, debug: bool = False, json: bool = False) -> None:
        self.debug = debug
        self.json = json


tool = "virtprov"
"""The name of the command that runs."""

_heard: Talk | None = None
_hush: Callable[[], None] | None = None


def begin(name: str) -> None:
    """Start a command with this name; its flags are not known yet."""
    global tool
    end()
    tool = name


def heard(args: Namespace) -> None:
    """Use the parsed flags; with --debug, the log is printed from now on."""
    global _heard, _hush
    if "debug" not in args or _heard is not None:
        return
    _heard = Talk(debug=args.debug, json=args.output == "json")
    if args.debug:
        from virtprov.support import log

        _hush = log.start(log.to_stderr)


def parse_talk(argv: list[str]) -> Talk:
    """Return the requested form, even if the command's parser failed."""
    return _heard or _read(argv)


def end() -> None:
    """End the command; the log is no longer printed."""
    global _heard, _hush
    if _hush is not None:
        _hush()
    _heard = _hush = None


def _read(argv: list[str]) -> Talk:
    """Parse the two flags among the words before `--`; if that fails, return the defaults."""
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
    # Python 3.13 takes `-display` for `-d isplay`; it is a value that another flag lacks.
    words = [word for word in words if len(word) < 3 or word[0] != "-" or word[1] == "-" or set(word[1:]) <= set("dq")]
    try:
        args = small.parse_known_args(words)[0]
    except Refused:
        return Talk()
    return Talk(debug=args.debug, json=args.output == "json")
