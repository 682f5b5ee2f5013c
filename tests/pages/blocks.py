"""The console blocks of a page of docs/: which commands they show, and what they say comes out.

A block is a fence of the kind `console`. A line that begins with `$ ` is a command; it goes on where it ends with a
backslash, over lines that begin with `> `, and up to the end of a here-document. All lines up to the next command are
its output. A line of output that is only `...` stands for any number of lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[2]
PLACE = re.compile(r"<!-- blocks: (\w+) -->\n")
HERE_DOCUMENT = re.compile(r"<<-?\s*'?(\w+)'?")
GAP = "..."


class Command(NamedTuple):
    """A command of a page: the number of its line, what is typed, and the output that the page shows."""

    line: int
    text: str
    shown: tuple[str, ...]


def pages() -> list[Path]:
    """Return every page that has a console block."""
    found = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
    return [page for page in found if "\n```console\n" in page.read_text(encoding="utf-8")]


def place(page: Path) -> str:
    """Return where the blocks of a page run: "here" without a host, or what a comment in its first line names."""
    found = PLACE.match(page.read_text(encoding="utf-8"))
    return found[1] if found else "here"


def commands(text: str) -> list[Command]:
    """Return the commands of a page, in their order."""
    return [command for start, lines in fences(text) for command in _read(start, lines)]


def fences(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each console block: the number of its first line, counted from 1, and its lines."""
    inside: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if inside is None:
            inside = [] if line == "```console" else None
        elif line == "```":
            yield number - len(inside), inside
            inside = None
        else:
            inside.append(line)


def _read(start: int, lines: list[str]) -> Iterator[Command]:
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            raise ValueError(f"line {start + at}: a console block has to begin with `$ `")
        first = at
        at = _end_of_command(lines, at)
        text = "\n".join([lines[first][2:], *(line.removeprefix("> ") for line in lines[first + 1 : at])])
        shown = []
        while at < len(lines) and not lines[at].startswith("$ "):
            shown.append(lines[at])
            at += 1
        yield Command(start + first, text, tuple(shown))


def _end_of_command(lines: list[str], at: int) -> int:
    """Return the index of the line after the command that begins in line `at`."""
    document = HERE_DOCUMENT.search(lines[at])
    if document:
        return lines.index(document[1], at) + 1
    while lines[at].endswith("\\") or lines[at + 1 : at + 2] and lines[at + 1].startswith("> "):
        at += 1
    return at + 1


def matches(shown: Sequence[str], said: Sequence[str]) -> bool:
    """Whether the lines that a page shows are those that were said; `...` in `shown` stands for any lines."""
    if not shown or not said:
        return not said and all(line == GAP for line in shown)
    if shown[0] == GAP:
        return matches(shown[1:], said) or matches(shown, said[1:])
    return shown[0] == said[0] and matches(shown[1:], said[1:])


def rewrite(text: str, outputs: dict[int, Sequence[str]]) -> str:
    """Return the page with new outputs; `outputs` has the lines of each command by the number of its line."""
    lines = text.splitlines()
    for command in reversed(commands(text)):
        if command.line in outputs:
            start = command.line + len(command.text.splitlines()) - 1
            lines[start : start + len(command.shown)] = outputs[command.line]
    return "\n".join(lines) + "\n"
