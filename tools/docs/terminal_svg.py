"""Draw what a terminal showed as an SVG that plays once; without animation it shows the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

COLUMNS = 100
LINE, CHARACTER, MARGIN, BAR = 20, 8.43, 16, 34
LONGEST_PAUSE = 1.2
TYPING = 0.03
STYLE = """\
text{font:14px 'DejaVu Sans Mono',Menlo,Consolas,ui-monospace,monospace;fill:#d5d8df;white-space:pre}
.command{fill:#fff;font-weight:bold}.prompt{fill:#7fd88f;font-weight:bold}.title{fill:#9aa1ad;text-anchor:middle}
.c1{font-weight:bold}.c2{opacity:.7}.c31{fill:#ff7b72}.c32{fill:#7fd88f}.c33{fill:#f3c969}
.c34{fill:#79b8ff}.c36{fill:#6fd3d3}
.line{animation:show .01s linear backwards}@keyframes show{from{opacity:0}}
@media (prefers-reduced-motion:reduce){.line{animation:none}}"""


class Entry(NamedTuple):
    """A command that was typed, the lines that it left on the terminal, and the seconds that it took."""

    command: str
    lines: Sequence[str]
    seconds: float


class Cell(NamedTuple):
    """A character and the classes of its style."""

    character: str
    style: str


class Row(NamedTuple):
    """A row of the picture, and when it appears."""

    at: float
    cells: Sequence[Cell]


def rows(entries: Sequence[Entry]) -> Iterator[Row]:
    """Yield the rows of the picture; long waits are shortened."""
    at = 0.5
    for entry in entries:
        for number, line in enumerate(entry.command.splitlines()):
            prompt = [Cell(character, "prompt") for character in ("$ " if number == 0 else "  ")]
            yield Row(at, [*prompt, *(Cell(character, "command") for character in line.removeprefix("    "))])
            at += TYPING * len(line)
        at += min(entry.seconds, LONGEST_PAUSE)
        for line in entry.lines:
            for part in wrap(line):
                yield Row(at, part)
            at += 0.05
        at += 0.8


def wrap(line: str) -> list[tuple[Cell, ...]]:
    """Return a line as a terminal breaks it."""
    cells = tuple(read_cells(line))
    return [cells[at : at + COLUMNS] for at in range(0, len(cells), COLUMNS)] or [()]


def read_cells(line: str) -> Iterator[Cell]:
    """Yield the characters of a line with their colours; SGR sequences set them."""
    style = ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            codes = part[2:-1].split(";")
            style = "" if codes in (["0"], [""]) else " ".join(f"c{code}" for code in codes if f".c{code}{{" in STYLE)
        else:
            yield from (Cell(character, style) for character in part)


def draw(title: str, entries: Sequence[Entry]) -> str:
    """Return the picture of a terminal with these commands and what they printed."""
    shown = list(rows(entries))
    width, height = round(COLUMNS * CHARACTER + 2 * MARGIN), BAR + 2 * MARGIN + LINE * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#1d2129"/>',
        *(
            f'<circle cx="{20 + 18 * n}" cy="17" r="5.5" fill="{c}"/>'
            for n, c in enumerate(("#f0655b", "#f3bc4f", "#5fc454"))
        ),
        f'<text class="title" x="{width // 2}" y="22">{escape(title)}</text>',
    ]
    for number, row in enumerate(shown):
        y = BAR + MARGIN + LINE * number + 10
        length = f'textLength="{len(row.cells) * CHARACTER:.1f}" lengthAdjust="spacingAndGlyphs"' if row.cells else ""
        place = f'x="{MARGIN}" y="{y}" {length} style="animation-delay:{row.at:.2f}s" xml:space="preserve"'
        parts.append(f'<text class="line" {place}>{spans(row)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def spans(row: Row) -> str:
    """Return the text of a row, with its colours."""
    parts = []
    for style, cells in groupby(row.cells, key=lambda cell: cell.style):
        text = escape("".join(cell.character for cell in cells), quote=False)
        parts.append(f'<tspan class="{style}">{text}</tspan>' if style else text)
    return "".join(parts)
