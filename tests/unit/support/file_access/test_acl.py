"""Who may search a directory."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from virtprov.support.file_access.acl import NAME, Person, let_search, may_search, restore

WHO = Person("somebody", 64000001, frozenset({64000002}))
ROOT = os.geteuid() == 0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "place"
    made.mkdir()
    return made


@pytest.mark.parametrize(
    ("mode", "person", "may"),
    [
        (0o700, WHO, False),
        (0o701, WHO, True),
        (0o710, WHO, False),
        (0o710, WHO._replace(groups=frozenset({os.getegid()})), True),
        (0o701, WHO._replace(groups=frozenset({os.getegid()})), False),  # the group's bits decide, not the others'
        (0o700, WHO._replace(uid=0), True),
        (0o100, WHO._replace(uid=os.geteuid()), True),
    ],
)
def test_permission_bits(mode: int, person: Person, may: bool, place: Path) -> None:
    place.chmod(mode)
    try:
        assert may_search(str(place), person) is may
    finally:
        place.chmod(0o700)


def test_a_directory_that_is_not_there(place: Path) -> None:
    assert may_search(str(place / "none"), WHO) is None


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o600])
def test_an_entry_opens_one_directory_to_one_account(mode: int, place: Path) -> None:
    place.chmod(mode)
    before = let_search(str(place), WHO)
    assert may_search(str(place), WHO) is True
    restore(str(place), before)
    assert stat.S_IMODE(place.stat().st_mode) == mode
    assert NAME not in os.listxattr(place)
    place.chmod(0o700)


def test_a_list_that_is_there_is_kept(place: Path) -> None:
    other = Person("other", 64000009, frozenset())
    place.chmod(0o700)
    let_search(str(place), other)
    list_before = os.getxattr(place, NAME)
    before = let_search(str(place), WHO)
    assert may_search(str(place), other) and may_search(str(place), WHO)
    restore(str(place), before)
    assert os.getxattr(place, NAME) == list_before
    assert may_search(str(place), WHO) is False


def test_where_there_are_no_lists_everybody_gets_in(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def refused(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "no lists here")

    place.chmod(0o700)
    monkeypatch.setattr(os, "setxattr", refused)
    before = let_search(str(place), WHO)
    assert stat.S_IMODE(place.stat().st_mode) == 0o701
    restore(str(place), before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_the_masks_of_a_list_count(place: Path) -> None:
    place.chmod(0o700)
    let_search(str(place), WHO)
    place.chmod(0o700)  # with a list, the group's bits are its mask
    assert may_search(str(place), WHO) is False
    again = let_search(str(place), WHO)
    assert may_search(str(place), WHO) is True
    assert again.acl is not None


def test_as_setfacl_does(place: Path) -> None:
    program = shutil.which("setfacl")
    twin = place / "twin"
    twin.mkdir(mode=0o750)
    ours = place / "ours"
    ours.mkdir(mode=0o750)
    let_search(str(ours), WHO)
    if program is not None:
        subprocess.run([program, "--modify", f"user:{WHO.uid}:x", str(twin)], check=True)
        assert os.getxattr(twin, NAME) == os.getxattr(ours, NAME)
    assert may_search(str(ours), WHO) is True
