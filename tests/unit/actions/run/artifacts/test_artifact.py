"""What all artifacts share: JSON, facts for users, and judging files by inode and birth."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.actions.run.artifacts.artifact import OTHERS, OURS, UNSURE, Evidence, judge, mark_of
from virtprov.actions.run.artifacts.local_files import AsideFile, File
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.artifacts.stored_guests import Guest


def test_as_json_leaves_out_what_says_nothing() -> None:
    assert Guest("web", "u").as_json() == {"kind": "guest", "name": "web", "uuid": "u"}
    assert File("/a").as_json() == {"kind": "file", "path": "/a"}


def test_facts_have_the_same_keys_for_all_kinds() -> None:
    assert Volume("a", "p", "/p/a").facts() == {"kind": "volume", "name": "a", "uuid": "", "pool": "p", "path": "/p/a"}
    assert AsideFile("/a", "/b").facts() == {"kind": "aside", "name": "/a", "uuid": "", "pool": "", "path": "/a"}


@pytest.mark.parametrize(
    ("known", "now", "state"),
    [("1:5.0", "1:5.0", OURS), ("1:5.0", "1:6.0", OTHERS), ("", "1:5.0", OURS), ("1:5.0", "", OURS)],
)
def test_judge_compares_the_mark_of_what_was_made(known: str, now: str, state: str) -> None:
    assert judge(known, now, Evidence(made=True, began=1.0)).state == state


@pytest.mark.parametrize(
    ("born", "last_seen", "state"),
    [
        ("1:99.0", 0.0, OURS),  # a clock may be a little late
        ("1:90.0", 0.0, OTHERS),
        ("1:150.0", 0.0, OURS),
        ("1:150.0", 160.0, OURS),
        ("1:150.0", 120.0, UNSURE),
        ("1:0.0", 0.0, UNSURE),  # a file system that notes no births
        ("", 0.0, UNSURE),
    ],
)
def test_judge_compares_the_birth_of_what_was_begun(born: str, last_seen: float, state: str) -> None:
    assert judge("", born, Evidence(made=False, began=100.0, last_seen=last_seen)).state == state


def test_mark_of_tells_one_file_from_the_next(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
    first, second = mark_of(f"{tmp_path}/a"), mark_of(f"{tmp_path}/b")
    assert first and second and first != second
    (tmp_path / "a").rename(tmp_path / "c")
    assert mark_of(f"{tmp_path}/c") == first
    assert mark_of(f"{tmp_path}/a") == mark_of("a") == ""
