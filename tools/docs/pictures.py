"""Record the pictures of docs/ anew: `make pictures`, as root; `tools/docs/pictures.py here` those that need no host.

Each terminal in docs/pictures shows commands of a page, as they ran on a host of the live tests. The tests compare the
pictures with the pages, and the pages with what the commands print. The outputs in these pages are written anew, too.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "tests/live")]

from lab.image import ready_image  # noqa: E402
from lab.reader import reading  # noqa: E402

from tests.pages import blocks, running  # noqa: E402
from tests.pages.plain import show  # noqa: E402
from tests.pages.shell import Shell, reader_shell  # noqa: E402
from tools.docs.terminal_svg import Entry, draw  # noqa: E402

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
        ("virtprov-install --name web1 --image debian13 --ssh-config", "ssh web1 hostname"),
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
    "failure": Scene(
        "a failure, and its hint", "howto/trouble.md", ("virtprov-install --name web --osinfo deb", "virtprov-xml tset")
    ),
}


def entries(scene: Scene, shell: Shell, paths: dict[str, str]) -> list[Entry]:
    """Run the page of a scene and write its outputs anew; return those commands that the scene shows."""
    found = []
    for command, said in running.run_page(TOP / "docs" / scene.page, shell, paths, regen=True):
        if command.text.startswith(tuple(scene.commands)):
            seconds = said.pieces[-1].at if said.pieces else 0
            found.append(Entry(command.text, show(said.coloured, paths), seconds))
    return found


def record(place: str) -> None:
    """Draw the scenes whose pages run in `place`: "here", or on a "host" of the live tests."""
    chosen = {name: scene for name, scene in SCENES.items() if blocks.place(TOP / "docs" / scene.page) == place}
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(reading(ready_image(print))) if place == "host" else None
        for name, scene in chosen.items():
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            with reader.shell() if reader else reader_shell(home) as shell:
                shown = entries(scene, shell, reader.paths if reader else {str(home): "/home/you"})
            (PICTURES / f"{name}.svg").write_text(draw(scene.title, shown), encoding="utf-8")
            print(f"recorded {name}.svg")


def draw_diagrams() -> None:
    """Draw the pictures that need no host."""
    from tools.docs import diagrams

    for name in ("rooms", "request"):
        (PICTURES / f"{name}.svg").write_text(getattr(diagrams, name)(), encoding="utf-8")


if __name__ == "__main__":
    draw_diagrams()
    for where in sys.argv[1:] or ("here", "host"):
        record(where)
