"""docs/explanation/architecture.md says where things are: what it names exists, and no folder is left out."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "virtprov"
PAGE = (TOP / "docs" / "explanation" / "architecture.md").read_text()
UNLISTED = {
    "virtprov/actions/run/artifacts": "named with actions/run",
    "virtprov/actions/edit/changing": "named with actions/edit",
    "virtprov/actions/install/os_source": "named with actions/install",
    "virtprov/actions/install/checks": "named with actions/install",
    "virtprov/cli/install/other_uses": "named with cli/install",
    "virtprov/guest/disks/new": "named with guest/disks",
    "virtprov/guest/disks/checks": "named with guest/disks",
    "virtprov/unattended/templates": "files of data",
}


def test_the_files_that_are_named_exist() -> None:
    files = {str(path.relative_to(TOP)) for top in (PACKAGE, TOP / "tests") for path in top.rglob("*.py")}
    named = set(re.findall(r"`([\w/]+\.py)`", PAGE))
    assert len(named) > 50
    assert sorted(name for name in named if not any(f"/{file}".endswith(f"/{name}") for file in files)) == []


def test_the_folders_that_are_named_exist() -> None:
    named = set(re.findall(r"^\| (?:`[\w/]+/`, )*`([\w/]+)/`", PAGE, re.MULTILINE))
    assert len(named) > 25
    assert sorted(name for name in named if not (PACKAGE / name).is_dir()) == []


def test_every_folder_is_named() -> None:
    folders = {str(path.parent.relative_to(TOP)) for path in PACKAGE.rglob("__init__.py")} - {"virtprov"}
    missing = {folder for folder in folders if f"`{folder.removeprefix('virtprov/')}/`" not in PAGE}
    assert missing - set(UNLISTED) == set()
    assert all((TOP / folder).is_dir() for folder in UNLISTED)
