"""Run the console blocks of a page in a shell, and compare them with what it shows, or write them anew."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from tests.pages import blocks
from tests.pages.blocks import TOP, Command
from tests.pages.plain import plain, show
from tests.pages.shell import Said, Shell

SETUP = Path(__file__).parent / "setup"


def run_page(page: Path, shell: Shell, paths: dict[str, str], *, regen: bool) -> list[tuple[Command, Said]]:
    """Run every command of `page`; fail with what differs, or with `regen` write the new outputs into the page.

    Return the commands with what they left.
    """
    prepare(page, shell)
    text = page.read_text(encoding="utf-8")
    outputs: dict[int, Sequence[str]] = {}
    problems = []
    runs = []
    for command in blocks.commands(text):
        runs.append((command, shell.run(command.text)))
        said = show(runs[-1][1].text, paths)
        if not blocks.matches(plain(command.shown), plain(said)):
            outputs[command.line] = said
            problems.append(report(page, command, said))
    if regen:
        page.write_text(blocks.rewrite(text, outputs), encoding="utf-8")
    else:
        assert not problems, "\n".join(problems)
    return runs


def prepare(page: Path, shell: Shell) -> None:
    """Run the script that provides what a page assumes to be there, if it has one."""
    script = SETUP / f"{page.parent.name}-{page.stem}.sh"
    if script.exists():
        done = shell.run(f"set -e; source {script}; set +e")
        assert done.rc == 0, f"{script.name}: {done.text}"


def report(page: Path, command: Command, said: list[str]) -> str:
    """Say how the output of a command differs from the page."""
    diff = difflib.unified_diff(plain(command.shown), plain(said), "the page", "the command", lineterm="", n=1)
    return "\n".join([f"{page.relative_to(TOP)}:{command.line}: $ {command.text}", *diff])
