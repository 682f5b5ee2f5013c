"""The pictures of terminals show what the pages show; `make pictures` records them anew."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from tests.pages import blocks
from tests.pages.blocks import TOP
from tests.pages.plain import plain
from tools.docs import diagrams
from tools.docs.pictures import PICTURES, SCENES
from tools.docs.terminal_svg import Entry, draw, wrap

ROW = re.compile(r'<text class="line"[^>]*>(.*)</text>')


def rows(picture: Path) -> list[str]:
    """The rows of a terminal, as text."""
    found = ROW.findall(picture.read_text(encoding="utf-8"))
    return [html.unescape(re.sub(r"<[^>]*>", "", row)) for row in found]


def expected(name: str) -> list[str]:
    """The commands of a scene and their outputs, as the page has them."""
    scene = SCENES[name]
    lines = []
    for command in blocks.commands((TOP / "docs" / scene.page).read_text(encoding="utf-8")):
        if command.text.startswith(tuple(scene.commands)):
            first, *more = command.text.splitlines()
            lines += [f"$ {first}", *(f"  {line.removeprefix('    ')}" for line in more)]
            lines += ["".join(cell.character for cell in row) for line in plain(command.shown) for row in wrap(line)]
    return lines


@pytest.mark.parametrize("name", SCENES)
def test_a_picture_shows_what_its_page_shows(name: str) -> None:
    joined = [re.sub(r"\s+", "", "".join(plain(lines))) for lines in (rows(PICTURES / f"{name}.svg"), expected(name))]
    assert joined[0] and joined[0] == joined[1]


@pytest.mark.parametrize("name", ["rooms", "request"])
def test_the_diagrams_are_those_that_are_drawn(name: str) -> None:
    assert (PICTURES / f"{name}.svg").read_text(encoding="utf-8") == getattr(diagrams, name)()


def test_the_diagram_of_the_rooms_has_all_rooms() -> None:
    drawn = {name.rstrip("/") for row in diagrams.ROOMS for name, _ in row}
    folders = {path.parent.name for path in (TOP / "virtprov").glob("*/__init__.py")}
    assert drawn == folders


def test_rooms_import_only_from_rows_below_their_own() -> None:
    row_of = {name.rstrip("/"): number for number, row in enumerate(diagrams.ROOMS) for name, _ in row}
    wrong, imports = set(), 0
    for path in (TOP / "virtprov").glob("*/**/*.py"):
        room = path.relative_to(TOP / "virtprov").parts[0]
        for other in re.findall(r"^\s*from virtprov\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            imports += 1
            if other != room and row_of[room] >= row_of[other]:
                wrong.add((room, other))
    assert imports > 1000 and wrong == set()


def test_every_picture_is_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in [TOP / "README.md", *(TOP / "docs").rglob("*.md")])
    assert [path.name for path in PICTURES.glob("*") if f"pictures/{path.name}" not in text] == []


def test_a_terminal_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "one.svg"
    picture.write_text(draw("a & b", [Entry("echo <x> \\\n    y", ["<x> \x1b[1;31my\x1b[0m", "z" * 101], 9.0)]))
    assert rows(picture) == ["$ echo <x> \\", "  y", "<x> y", "z" * 100, "z"]
    assert "a &amp; b" in picture.read_text()
    assert '&lt;x&gt; <tspan class="c1 c31">y</tspan>' in picture.read_text()
