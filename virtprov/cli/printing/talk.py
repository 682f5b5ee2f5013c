"""How a command reports: its name, and --debug, --output and --color.

The command's parser reports the parsed flags (`heard`). If it could not parse them, because of an error or a missing
library, a small parser that only knows these flags is used, so that the failure is still reported in the requested
form.
"""

from __future__ import annotations

from virtprov.cli import compat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from typing import NoReturn


class Talk:
    """Whether debug messages are printed, whether the result is a JSON object, and when there are colours."""

    __slots__ = ("color", "debug", "json")

    def __init__(self, color: str, *, debug: bool = False, json: bool = False) -> None:
        self.color = color
        self.debug = debug
        self.json = json


tool = "virtprov"
"""The name of the command that runs."""

color = "auto"
"""When there are colours: auto, always or never."""

_heard: Talk | None = None
_hush: Callable[[], None] | None = None


def begin(name: str) -> None:
    """Start a command with this name; its flags are not known yet."""
    global tool, color
    end()
    tool, color = name, compat.held.color


def heard(args: Namespace) -> None:
    """Use the parsed flags; with --debug, the log is printed from now on."""
    global color, _heard, _hush
    if "debug" not in args or _heard is not None:
        return
    color = args.color
    _heard = Talk(color, debug=args.debug, json=args.output == "json")
    if args.debug:
        from virtprov.support import log

        _hush = log.start(log.to_stderr)


def parse_talk(argv: list[str]) -> Talk:
    """Return the requested form, even if the command's parser failed; from now on, `color` is what was asked for."""
    global color
    said = _heard or _read(argv)
    color = said.color
    return said


def end() -> None:
    """End the command; the log is no longer printed."""
    global color, _heard, _hush
    if _hush is not None:
        _hush()
    _heard = _hush = None
    color = "auto"


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
    small.add_argument("--color", choices=("auto", "always", "never"), default=compat.held.color)
    words = argv[: argv.index("--")] if "--" in argv else argv
    # Python 3.13 takes `-display` for `-d isplay`; it is a value that another flag lacks.
    words = [word for word in words if len(word) < 3 or word[0] != "-" or word[1] == "-" or set(word[1:]) <= set("dq")]
    try:
        args = small.parse_known_args(words)[0]
    except Refused:
        return Talk(compat.held.color)
    return Talk(args.color, debug=args.debug, json=args.output == "json")
