"""Files of this machine: whose they are, and how they go or come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Evidence, mark_of
from virtprov.actions.run.artifacts.local_files import AsideFile, File, rename
from virtprov.host.connection import Host
from virtprov.support.errors import ProvError


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return mark_of(str(path))


def test_file_is_ours_until_another_has_its_name(place: Host, tmp_path: Path) -> None:
    file = File(f"{tmp_path}/a", write(tmp_path / "a", "a"))
    assert file.standing(place, Evidence()).state == OURS
    used = file.standing(place, Evidence(user_of=lambda path: "used by guest 'web'"))
    assert used == (OTHERS, "used by guest 'web'")
    write(tmp_path / "b", "b")
    (tmp_path / "b").rename(tmp_path / "a")
    assert file.standing(place, Evidence()) == (OTHERS, "another item now has this name")
    file.take_down(place)
    assert file.standing(place, Evidence()).state == GONE
    file.take_down(place)  # no harm when it is gone


def test_file_that_cannot_be_removed_is_said(place: Host, tmp_path: Path) -> None:
    with pytest.raises(ProvError, match="cannot delete .*: "):
        File(str(tmp_path)).take_down(place)


def test_file_that_goes_is_told_to_its_pool(tmp_path: Path) -> None:
    told: list[str] = []

    class Pool:
        name, active = "images", True

    class Told(StandIn):
        def storage_pool_at(self, directory: str) -> Any:
            return Pool if directory == str(tmp_path) else None

        def storage_refresh_pool(self, name: str) -> None:
            told.append(name)

    write(tmp_path / "a", "a")
    host: Any = Told()
    File(f"{tmp_path}/a").take_down(host)
    File(f"{tmp_path}/a").take_down(host)
    assert told == ["images"]


def test_aside_file_comes_back(place: Host, tmp_path: Path) -> None:
    aside = AsideFile(f"{tmp_path}/a", f"{tmp_path}/a.old", write(tmp_path / "a.old", "old"))
    assert aside.describe() == f"{tmp_path}/a (moved to {tmp_path}/a.old)"
    assert aside.standing(place, Evidence()).state == aside.waits(place, Evidence()).state == OURS
    write(tmp_path / "a", "new")
    with pytest.raises(ProvError, match=f"{tmp_path}/a has been replaced by another one"):
        aside.take_down(place)
    (tmp_path / "a").unlink()
    aside.take_down(place)
    assert (tmp_path / "a").read_text() == "old"
    assert aside.waits(place, Evidence()).state == GONE


def test_aside_file_is_discarded(place: Host, tmp_path: Path) -> None:
    aside = AsideFile(f"{tmp_path}/a", f"{tmp_path}/a.old", write(tmp_path / "a.old", "old"))
    aside.discard(place)
    assert aside.waits(place, Evidence()).state == GONE and list(tmp_path.glob("a*")) == []


def test_aside_file_in_whose_place_there_is_another_is_theirs(place: Host, tmp_path: Path) -> None:
    aside = AsideFile(f"{tmp_path}/a", f"{tmp_path}/a.old", write(tmp_path / "a.old", "old"))
    write(tmp_path / "theirs", "theirs")
    (tmp_path / "theirs").rename(tmp_path / "a.old")
    assert aside.waits(place, Evidence()) == (OTHERS, "another file now has this name")


def test_rename_says_what_it_cannot(tmp_path: Path) -> None:
    with pytest.raises(ProvError, match="cannot rename .* to .*: No such file"):
        rename(f"{tmp_path}/a", f"{tmp_path}/b")
