"""Completion of flags, sub-options and their values, from the parsers, the option tables and names on the host.

`TOOL --complete WORD...` completes the last of the words after the command's name; `TOOL --complete-line BREAKS LINE`
completes the end of a line typed in bash, given the characters at which it splits words. Answers are words that begin
with what was typed; a trailing blank means that the word is complete. Those of a line are quoted for bash; the scripts
of other shells have the shell quote them. Without an answer, shells offer files; a single tab as the answer says that
a file is not possible there.
"""

from __future__ import annotations

import sys

from virtprov.cli.completion import bash_line, on_host
from virtprov.cli.completion.sub_options import of_group
from virtprov.cli.completion.typed import Typed
from virtprov.options import guest_words
from virtprov.options.catalogue import GROUPS, table
from virtprov.support.terminal.visible import on_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Callable, Iterable

    from virtprov.cli.completion.on_host import Known
    from virtprov.cli.parser import Parser

    Reach = Callable[[str | None], Known]
    """Gives what is known about the host at a URI, None for the default."""

WORDS, LINE = "--complete", "--complete-line"
NO_FILES = "\t"
_DISK_FLAGS = ("--force-copy", "--skip-copy")
_ACTIONS = ("edit", "add_device", "remove_device", "build_xml")
"""The actions of virtprov-xml, as they are stored."""


def answer(tool: str, argv: list[str]) -> int:
    """Print the possible last words of a command line, one on each line; returns the exit status."""
    from time import monotonic

    began = monotonic()

    def reach(uri: str | None) -> Known:
        return on_host.known(uri, began)

    parser = _parser(tool)
    if argv[0] == LINE and len(argv) == 3:
        found = of_line(parser, argv[1], argv[2], reach)
        words = bash_line.read(argv[2]).words[1:]
    else:
        words = argv[1:]
        found = of_words(parser, words, reach)
    safe = [word for word in found if on_one_line(word) == word]
    if not safe and not takes_files(parser, words):
        safe = [NO_FILES]
    sys.stdout.write("".join(word + "\n" for word in safe))
    return 0


def _parser(tool: str) -> Parser:
    if tool == "virtprov-clone":
        from virtprov.cli import clone

        return clone.build_parser()
    if tool == "virtprov-xml":
        from virtprov.cli.edit import command

        return command.build_parser()
    from virtprov.cli.install.flags import install_parser

    return install_parser()


def of_line(parser: Parser, breaks: str, line: str, reach: Reach = on_host.nowhere) -> list[str]:
    """Return the completions of a line, as bash inserts them."""
    read = bash_line.read(line)
    return bash_line.fit(of_words(parser, read.words[1:], reach), read.typed, breaks)


def of_words(parser: Parser, words: list[str], reach: Reach = on_host.nowhere) -> list[str]:
    """Return the completions of the last word; `reach` asks the host that is given with --connect."""
    typed = Typed(parser, words)
    known = reach(typed.value_of("connect"))
    current = typed.current
    if typed.is_over:
        return []
    if typed.action is not None:
        return _values(typed, typed.action, current, known)
    name, equals, text = current.partition("=")
    if equals and name.startswith("--"):
        action = parser.flag(name)
        return [f"{name}={word}" for word in _values(typed, action, text, known)] if action is not None else []
    if current.startswith("-"):
        return [f"{flag} " for flag in parser.flags() if flag.startswith(current)]
    most = parser.most_names()
    if most is None or len(typed.names) < most:
        return _whole(known(on_host.GUESTS), current, besides=typed.names)
    return [f"{flag} " for flag in parser.flags()] if not current and not most else []


def takes_files(parser: Parser, words: list[str]) -> bool:
    """Return whether the last word may be a file, and not only a name or a flag."""
    typed = Typed(parser, words)
    action = typed.action
    name, equals, _ = typed.current.partition("=")
    if action is None and equals and name.startswith("--"):
        action = parser.flag(name)
    if action is None or action.choices is not None or action.dest == "connect":
        return False
    return not set(action.option_strings) & {*on_host.OF_FLAGS, *_DISK_FLAGS, "--wait"}


def _whole(names: Iterable[str], text: str, besides: Iterable[str] = ()) -> list[str]:
    """Return names as complete words; without those that would be taken for flags."""
    known = set(besides)
    return [f"{name} " for name in names if name.startswith(text) and name not in known and not name.startswith("-")]


def _values(typed: Typed, action: Action, text: str, known: Known) -> list[str]:
    """Return the completions of a flag's value."""
    if action.choices is not None:
        return _whole(action.choices, text)
    if action.dest == "connect":
        return _whole(on_host.of_uris(text), text)
    for flag in action.option_strings:
        if flag == "--wait":
            return _goals(text)
        if flag == "--json-schema":
            from virtprov.cli.install.json_schema import names

            return _whole(names(), text)
        if flag in on_host.OF_FLAGS:
            given = [value for other, value in typed.given if other is action]
            return _whole(known(on_host.OF_FLAGS[flag]), text, besides=given)
        if flag in _DISK_FLAGS:
            return _whole(_disks(typed, known), text)
        if flag == "--cdrom" and text.startswith("vol="):
            return [f"vol={word}" for word in on_host.of_volume(text.removeprefix("vol="), known)]
        word = next((word for word in guest_words.WORDS if f"--{word.name}" == flag), None)
        if word is not None:
            return _whole(word.values, text)
        if flag.removeprefix("--") in GROUPS:
            return _of_group(typed, flag.removeprefix("--"), text, known)
    return []


def _of_group(typed: Typed, group: str, text: str, known: Known) -> list[str]:
    """Return the completions of an option group; the devices of the guest if one is to be removed."""
    rows = table(group)
    if rows.is_device and len(typed.names) == 1 and typed.last_of(_ACTIONS) == "remove_device" and "," not in text:
        names = on_host.fitting(known(on_host.devices(typed.names[0], group)), text)
        if names:
            return [f"{name} " for name in (*names, "all") if name.startswith(text)]
    disks = on_host.fitting(_disks(typed, known), text) if group == "copy" and "," not in text else []
    return [*disks, *of_group(rows, text, known)]


def _disks(typed: Typed, known: Known) -> list[str]:
    """Return the disks of the guest that virtprov-clone copies."""
    guest = typed.value_of("original") or next(iter(typed.names), "")
    return [name for name in known(on_host.devices(guest, "disk")) if not name.isdecimal()] if guest else []


def _goals(text: str) -> list[str]:
    """Return what can be waited for: the last part of the value is completed, what is given is not offered again."""
    from virtprov.actions.goals import GOALS, RUN

    before, comma, piece = text.rpartition(",")
    given = {word.partition("=")[0] for word in before.split(",")}
    words = [f"{word}=" if word == RUN else word for word in GOALS if word not in given] + ["timeout="]
    return [before + comma + word for word in words if word.startswith(piece)]
