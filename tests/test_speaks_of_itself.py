"""The tree speaks of the project, and of nothing that happened to be around when it was written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
HERE = Path(__file__).relative_to(TOP)

# This file is the only one that may hold these.
FOREIGN = {
    "a folder of the machine it was written on": r"(?<![\w.])/(?:work|tmp/[a-z]{1,2})/",
    "a package registry": r"\b(?:pypi\.org|pythonhosted|registry\.npm)",
    "a tool that wrote it": r"(?i)\b(?:chat" + r"gpt|co" + r"pilot|cl" + r"aude|co" + r"dex)\b",
    "a note to self": r"\b(?:XXX|FIXME|TODO)\b",
}


def tracked() -> list[Path]:
    """Every text file of the tree that is, or would be, committed."""
    argv = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(argv, cwd=TOP, text=True, stdout=subprocess.PIPE, check=True).stdout
    paths = [TOP / name for name in listed.split("\0") if name and Path(name) != HERE]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_foreign_is_named(what: str) -> None:
    pattern = re.compile(FOREIGN[what])
    found = [
        f"{path.relative_to(TOP)}:{number}: {match[0]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if (match := pattern.search(line))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a folder of the machine it was written on", "see /work/notes"),
        ("a package registry", "from https://pypi.org/simple"),
        ("a note to self", "# TODO: later"),
    ],
)
def test_the_patterns_find_what_they_name(what: str, line: str) -> None:
    assert re.search(FOREIGN[what], line)


def test_paths_of_users_are_not_mistaken_for_foreign_ones() -> None:
    pattern = FOREIGN["a folder of the machine it was written on"]
    assert not re.search(pattern, "/var/lib/work/x ~/tmp/a /tmp/guest.xml /home/joe/disk.img")
