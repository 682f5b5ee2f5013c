"""Completion of flags, sub-options and their values, based on the parsers and option tables only.

`TOOL --complete WORD...` completes the last of the words after the command's name; `TOOL --complete-line BREAKS LINE`
completes the end of a typed line, given the characters at which the shell splits words. Answers are words that begin
with what was typed; a trailing blank means that the word is complete.
"""

from __future__ import annotations

import sys

from virtprov.options import guest_words
from virtprov.options.catalogue import GROUPS, table
from virtprov.options.model import FLAG, NUMBER, Row, Table
from virtprov.support.visible import on_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action

    from virtprov.cli.parser import Parser

WORDS, LINE = "--complete", "--complete-line"


def answer(tool: str, argv: list[str]) -> int:
    """Print the possible last words of a command line, one on each line; returns the exit status."""
    if argv[0] == LINE and len(argv) == 3:
        found = of_line(_parser(tool), *argv[1:])
    else:
        found = of_words(_parser(tool), argv[1:])
    sys.stdout.write("".join(word + "\n" for word in found if on_one_line(word) == word))
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


# -- words ---------------------------------------------------------------------------------------


def of_line(parser: Parser, breaks: str, line: str) -> list[str]:
    """Return the completions of a line: only the part of the last word after its last break.

    Returns nothing if the last word contains quotes or backslashes, because the shell could not replace it.
    """
    words, last = _split(line)
    if any(letter in last for letter in "'\"\\"):
        return []
    cut = 1 + max((last.rfind(letter) for letter in breaks), default=-1)
    return [word[cut:] for word in of_words(parser, [*words[1:], last])]


def _split(line: str) -> tuple[list[str], str]:
    """Return the words of the line's last command without quotes, and the last one as it was typed."""
    words: list[str] = []
    plain, raw, quote = "", "", ""
    letters = iter(line)
    for letter in letters:
        if not quote and letter in " \t\n|;&":
            if raw:
                words.append(plain)
            if letter not in " \t":
                words = []
            plain, raw = "", ""
            continue
        raw += letter
        if letter == "\\" and quote != "'":
            letter = next(letters, "")
            raw += letter
            plain += letter
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
        else:
            plain += letter
    return words, raw


def of_words(parser: Parser, words: list[str]) -> list[str]:
    """Return the completions of the last word."""
    current = words[-1] if words else ""
    before = words[:-1]
    if "--" in before:
        return []
    action = parser.flag(before[-1]) if before else None
    if action is not None and action.nargs != 0 and not (action.nargs == "?" and current.startswith("-")):
        return _values(action, current)
    name, equals, text = current.partition("=")
    if equals and name.startswith("--"):
        action = parser.flag(name)
        return [f"{name}={word}" for word in _values(action, text)] if action is not None else []
    if current.startswith("-") or (not current and not parser.takes_names()):
        return [f"{flag} " for flag in parser.flags() if flag.startswith(current)]
    return []


def _values(action: Action, text: str) -> list[str]:
    if action.choices is not None:
        return [f"{word} " for word in action.choices if word.startswith(text)]
    for flag in action.option_strings:
        if flag == "--wait":
            return _goals(text)
        if flag == "--json-schema":
            from virtprov.cli.install.json_schema import names

            return [f"{name} " for name in names() if name.startswith(text)]
        word = next((word for word in guest_words.WORDS if f"--{word.name}" == flag), None)
        if word is not None:
            return [f"{value} " for value in word.values if value.startswith(text)]
        if flag.removeprefix("--") in GROUPS:
            return of_group(table(flag.removeprefix("--")), text)
    return []


def _goals(text: str) -> list[str]:
    """Return what can be waited for: the last part of the value is completed, what is given is not offered again."""
    from virtprov.actions.goals import GOALS, RUN

    before, comma, piece = text.rpartition(",")
    given = {word.partition("=")[0] for word in before.split(",")}
    words = [f"{word}=" if word == RUN else word for word in GOALS if word not in given] + ["timeout="]
    return [before + comma + word for word in words if word.startswith(piece)]


# -- sub-options ---------------------------------------------------------------------------------


def of_group(rows: Table, text: str) -> list[str]:
    """Return the completions of a value of an option group: its last part is completed."""
    before, comma, piece = text.rpartition(",")
    if any(before.count(quote) % 2 for quote in "'\""):
        return []
    given = before.split(",") if comma else []
    key, equals, value = piece.partition("=")
    if equals:
        hit = rows.find(key)
        known = _systems(rows.flag) if key in ("name", "short-id") else ()
        known = known or (_words(hit.row) if hit is not None else ())
        found = [f"{key}={word}" for word in known if word.startswith(value)]
    else:
        known = _systems(rows.flag) if piece and not given else ()
        found = [word for word in (*known, *_lone(rows, given)) if word.startswith(piece)]
        found += _names(rows, piece, {word.partition("=")[0] for word in given})
    return [before + comma + word for word in found]


def _words(row: Row) -> tuple[str, ...]:
    """Return the values known to a row."""
    return row.values or ((row.kind.words or ()) if row.kind is not FLAG else ("yes", "no"))


_KINDS = {"osinfo": "os", "image": "image"}
"""Options that take names of the index, and their kind there."""


def _systems(flag: str) -> tuple[str, ...]:
    """Return names of systems or images from the index of earlier commands; XML files are not read for this."""
    if flag not in _KINDS:
        return ()
    from virtprov.osinfo.index import kept_names

    return tuple(sorted(name for name in kept_names(_KINDS[flag]) if "/" not in name))


def _lone(rows: Table, used: list[str]) -> list[str]:
    """Return the words that can be used without a key: `none`, and values of the table's first keys."""
    words = ["none"] if rows.none and not used else []
    if rows.flag == "boot":
        from virtprov.options.boot import DEVICES

        words += [word for word in (*DEVICES, "uefi") if word not in used]
    elif rows.flag == "cpu" and not used:
        from virtprov.options.cpu import MODES

        words += MODES
    if len(used) < len(rows.first) and not any("=" in word for word in used):
        hit = rows.find(rows.first[len(used)])
        words += [word for word in (_words(hit.row) if hit is not None else ()) if word not in words]
    return words


def _names(rows: Table, piece: str, given: set[str]) -> list[str]:
    """Return the names that start with the given part: whole ones with `=`, or up to the next dot if several share it.

    Older names are only included if no other name matches.
    """
    lone = set(_lone(rows, []))
    shown = [row for row in rows.rows if not row.hidden and row.name not in lone]
    found = [_fill_numbers(row.name, piece) for row in shown]
    fits = [name for name in found if name.startswith(piece) and name not in given]
    if not fits and piece:
        fits = [
            old for row in shown for old in (_fill_numbers(name, piece) for name in row.old) if old.startswith(piece)
        ]
    start = piece.rfind(".") + 1
    heads: dict[str, list[str]] = {}
    for name in fits:
        head, dot, _ = name[start:].partition(".")
        heads.setdefault(name[:start] + head + dot, []).append(name)
    return sorted(head if head.endswith(".") and len(names) > 1 else f"{names[0]}=" for head, names in heads.items())


def _fill_numbers(name: str, piece: str) -> str:
    """Return a row's name with the numbers typed so far, 0 for missing ones."""
    parts = name.split(NUMBER)
    made = parts[0]
    for part in parts[1:]:
        rest = piece[len(made) :] if piece.startswith(made) else ""
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        made += (digits or "0") + part
    return made
