"""Record the pictures of docs/ anew: `make pictures`, as root.

Each terminal in docs/pictures shows commands of a page, as they ran on a host of the live tests. The tests compare the
pictures with the pages, and the pages with what the commands print.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "tests/live")]
PICTURES = TOP / "docs" / "pictures"


class Scene(NamedTuple):
    """A picture: its title, the page whose commands it shows, and how these commands begin."""

    title: str
    page: str
    commands: Sequence[str]


SCENES = {
    "first-guest": Scene(
        "a guest by the name of its image",
        "tutorial/first-guest.md",
        ("virtprov-install --name web1 --image debian13 --ssh-config", "ssh web1 hostname", "virtprov-xml web1"),
    ),
    "clone": Scene(
        "a clone beside its original",
        "howto/clone-template.md",
        ("virtprov-clone web --name web2", "for guest in web web2"),
    ),
    "edit-many": Scene(
        "an edit of many guests, and its undo",
        "howto/edit-many.md",
        ("virtprov-xml 'web*' --edit --vcpus 4", "virtprov-xml --undo"),
    ),
    "explain": Scene("why the XML is as it is", "howto/windows.md", ("virtprov-install",)),
    "failure": Scene("a failure, and its hint", "howto/trouble.md", ("virtprov-install --name", "virtprov-xml tset")),
}


def record() -> None:
    """Run the page of each scene, and draw what its commands left."""
    from lab.image import ready_image
    from lab.reader import Reader, reading

    from tests.pages import blocks
    from tests.pages.plain import show
    from tests.pages.running import prepare
    from tools.docs.terminal_svg import Entry, draw

    def entries(scene: Scene, reader: Reader) -> list[Entry]:
        page = TOP / "docs" / scene.page
        found = []
        with reader.shell() as shell:
            prepare(page, shell)
            for command in blocks.commands(page.read_text(encoding="utf-8")):
                said = shell.run(command.text)
                if command.text.startswith(tuple(scene.commands)):
                    seconds = said.pieces[-1].at if said.pieces else 0
                    found.append(Entry(command.text, show(said.text, reader.paths), seconds))
        return found

    with reading(ready_image(print)) as reader:
        for name, scene in SCENES.items():
            (PICTURES / f"{name}.svg").write_text(draw(scene.title, entries(scene, reader)), encoding="utf-8")
            print(f"recorded {name}.svg")


def draw_diagrams() -> None:
    """Draw the pictures that need no host."""
    from tools.docs import diagrams

    for name in ("rooms", "request"):
        (PICTURES / f"{name}.svg").write_text(getattr(diagrams, name)(), encoding="utf-8")


if __name__ == "__main__":
    draw_diagrams()
    if sys.argv[1:] != ["diagrams"]:
        record()
