"""The four folders, and which of their files are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtprov.osinfo import find_profile, layers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders


def test_the_environment_moves_the_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OSINFO_SYSTEM_DIR", "OSINFO_LOCAL_DIR", "OSINFO_USER_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/somewhere")
    assert layers.folders()[1:] == ("/usr/share/osinfo", "/etc/osinfo", "/somewhere/.config/osinfo")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/c")
    assert layers.folders()[3] == "/c/osinfo"
    for name, value in (("SYSTEM", "/s"), ("LOCAL", "/l"), ("USER", "/u")):
        monkeypatch.setenv(f"OSINFO_{name}_DIR", value)
    assert layers.folders()[1:] == ("/s", "/l", "/u")


def test_the_bundled_folder_holds_profiles() -> None:
    assert any(name.endswith(".xml") for _, files in [layers.scan(layers.bundled_dir())] for name in files)


def test_a_file_hides_the_one_of_the_same_name_in_an_earlier_layer(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/e.org/one.xml", describe("one1"), describe("one2"))
    folders.write(folders.local, "os/e.org/one.xml", describe("one3"))
    assert find_profile.find("one3").name == "The one3"
    assert find_profile.find_or_none("one1") is None


@pytest.mark.parametrize("how", ["empty", "link"])
def test_an_empty_file_only_hides(folders: Folders, describe: Describe, how: str) -> None:
    folders.write(folders.system, "os/e.org/one.xml", describe("one1"))
    path = folders.write(folders.user, "os/e.org/one.xml")
    path.unlink()
    if how == "empty":
        path.touch()
    else:
        path.symlink_to(os.devnull)
    warnings: list[str] = []
    assert find_profile.find_or_none("one1", warnings) is None
    assert warnings == []


def test_a_bundled_file_is_hidden_by_no_name(folders: Folders, describe: Describe) -> None:
    folders.write(folders.bundled, "os/one.xml", describe("one1"))
    folders.write(folders.system, "os/one.xml", describe("one2"))
    assert {profile.short_id for profile in find_profile.profiles()} == {"one1", "one2"}


def test_only_xml_files_outside_hidden_folders_are_read(tmp_path: Path) -> None:
    for name in ("os/a.xml", "os/a.xml~", "b.rng", ".git/c.xml", "os/d/e/f.xml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    kept, files = layers.scan(str(tmp_path))
    assert list(files) == [str(tmp_path / name) for name in ("os/a.xml", "os/d/e/f.xml")]
    assert list(kept) == [str(tmp_path / name) for name in ("", "os", "os/d", "os/d/e")]


def test_folders_that_lead_back_to_themselves_end(tmp_path: Path) -> None:
    (tmp_path / "os").mkdir()
    (tmp_path / "os" / "a.xml").touch()
    (tmp_path / "os" / "again").symlink_to(tmp_path)
    kept, files = layers.scan(str(tmp_path))
    assert len(kept) < 20
    assert str(tmp_path / "os" / "a.xml") in files


def test_a_missing_layer_is_an_empty_one(tmp_path: Path) -> None:
    assert layers.scan(str(tmp_path / "none")) == ({str(tmp_path / "none"): ""}, {})
