"""The index: when it is trusted, when not, and what happens when it cannot be kept."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from virtprov.osinfo import find_profile, index, layers
from virtprov.osinfo.layers import folders as roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders


def make(folders: Folders, describe: Describe) -> None:
    """Two systems in the system's layer, one in the user's, and an index of them."""
    folders.write(folders.system, "os/e.org/one.xml", describe("one1"))
    folders.write(folders.system, "os/e.org/two.xml", describe("two2", "<derives-from id='http://example.org/one/1'/>"))
    folders.write(folders.user, "os/e.org/three.xml", describe("three3"))
    find_profile.find("one1")


def kept(folders: Folders) -> tuple[int, bytes]:
    """Identity and content of the one index file."""
    (path,) = folders.index_files
    return path.stat().st_ino, path.read_bytes()


def test_a_warm_look_up_leaves_the_index_as_it_is(folders: Folders, describe: Describe) -> None:
    make(folders, describe)
    before = kept(folders)
    assert find_profile.find("two2").name == "The two2"
    assert find_profile.find_or_none("nothing") is None
    assert len(find_profile.profiles()) == 3
    assert kept(folders) == before


def test_answers_come_from_the_index_and_not_from_the_files(folders: Folders, describe: Describe) -> None:
    make(folders, describe)
    (path,) = folders.index_files
    with path.open("rb") as stream:
        found = index.Index(stream)
        assert found.is_current()
        hit = found.get("os", "two2")
    assert hit
    assert "The two2" in hit[1]


@pytest.mark.parametrize("name", ["one1", "two2", "three3", "nothing"])
@pytest.mark.parametrize("file", ["system/os/e.org/one.xml", "user/os/e.org/three.xml"])
def test_an_edit_in_place_shows(folders: Folders, describe: Describe, file: str, name: str) -> None:
    """Of the asked system, of its ancestor, of a file of the user's, and of any file when the name is unknown."""
    make(folders, describe)
    path = folders.system.parent / file
    text = path.read_text()
    path.write_text(text.replace("</os>", "<codename>Fresh</codename><short-id>nothing</short-id></os>"))
    found = find_profile.find(name)
    if name in path.read_text():
        assert found.codename == "Fresh"
    assert find_profile.find("http://example.org/one/1").codename == ("Fresh" if "one" in path.name else "")


def test_the_sources_of_an_answer_are_the_system_and_its_ancestors(folders: Folders, describe: Describe) -> None:
    make(folders, describe)
    (path,) = folders.index_files
    with path.open("rb") as stream:
        found = index.Index(stream)
        answers = {name: found.get("os", name) for name in ("one1", "two2")}
        (folders.system / "os/e.org/two.xml").write_text("<libosinfo/>")
        assert {name: found.is_current(hit[0] if hit else None) for name, hit in answers.items()} == {
            "one1": True,
            "two2": False,
        }
        assert not found.is_current()


@pytest.mark.parametrize("layer", ["bundled", "system", "local", "user"])
def test_a_new_file_shows_in_every_layer(folders: Folders, describe: Describe, layer: str) -> None:
    make(folders, describe)
    folders.write(getattr(folders, layer), "os/new/four.xml", describe("four4"))
    assert find_profile.find("four4").name == "The four4"


def test_a_removed_file_shows(folders: Folders, describe: Describe) -> None:
    make(folders, describe)
    (folders.system / "os/e.org/one.xml").unlink()
    assert find_profile.find_or_none("one1") is None
    assert find_profile.find("two2").lineage == ()


def test_a_renamed_folder_shows(folders: Folders, describe: Describe) -> None:
    make(folders, describe)
    (folders.system / "os").rename(folders.system / ".hidden")
    assert find_profile.find_or_none("one1") is None


def test_a_file_that_changed_just_now_could_change_again_unseen(folders: Folders, describe: Describe) -> None:
    path = folders.write(folders.system, "os/one.xml", describe("one1"))
    os.utime(path)
    assert find_profile.find("one1").name == "The one1"
    assert folders.index_files == []
    folders.settle()
    find_profile.find("one1")
    assert len(folders.index_files) == 1


@pytest.mark.parametrize("keep", [0, 1, 10, 100, 400, -1, -40])
def test_a_cut_index_is_ignored_and_replaced(folders: Folders, describe: Describe, keep: int) -> None:
    make(folders, describe)
    (path,) = folders.index_files
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    assert find_profile.find("one1").name == "The one1"
    assert path.read_bytes() == whole


def test_no_flipped_byte_gives_a_wrong_answer(folders: Folders, describe: Describe) -> None:
    make(folders, describe)
    (path,) = folders.index_files
    whole = path.read_bytes()
    right = find_profile.find("two2")
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        assert find_profile.find("two2") == right
        assert find_profile.find_or_none("nothing") is None


@pytest.mark.parametrize("junk", [b"", b"\0" * 4096, b"virtprov osinfo index 999\n", b"\xff\xfe\x1e" * 99])
def test_junk_is_ignored_and_replaced(folders: Folders, describe: Describe, junk: bytes) -> None:
    make(folders, describe)
    (path,) = folders.index_files
    path.write_bytes(junk)
    assert len(find_profile.profiles()) == 3
    assert path.read_bytes() != junk


def test_a_place_that_cannot_be_written_only_costs_time(folders: Folders, describe: Describe) -> None:
    folders.cache.write_text("a file where the folder should be")
    make(folders, describe)
    assert find_profile.find("one1").name == "The one1"
    assert find_profile.find("one1").name == "The one1"
    folders.write(folders.user, "os/e.org/three.xml", describe("three3", codename="Fresh"))
    assert find_profile.find("three3").codename == "Fresh"
    assert folders.cache.read_text() == "a file where the folder should be"


def test_many_at_once_agree_and_leave_one_whole_index(folders: Folders, describe: Describe) -> None:
    for number in range(20):
        folders.write(folders.system, f"os/{number}.xml", describe(f"one{number}"))

    def ask(number: int) -> str:
        if number % 5 == 0:
            index.build(roots())
        return find_profile.find(f"one{number % 20}").name

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(60))) == [f"The one{number % 20}" for number in range(60)]
    assert [path.name for path in (folders.cache / "virtprov").iterdir()] == [folders.index_files[0].name]


def test_other_folders_have_another_index(
    folders: Folders, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(folders, describe)
    monkeypatch.setenv("OSINFO_USER_DIR", str(folders.user / "none"))
    assert find_profile.find_or_none("three3") is None
    assert len(folders.index_files) == 2


def test_indexes_do_not_pile_up(folders: Folders, describe: Describe, monkeypatch: pytest.MonkeyPatch) -> None:
    make(folders, describe)
    for number in range(12):
        monkeypatch.setenv("OSINFO_USER_DIR", str(folders.user / str(number)))
        assert find_profile.find("one1").name == "The one1"
    assert len(folders.index_files) == 8


def test_the_cache_lies_in_the_home_without_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/somewhere")
    assert index.cache_path(layers.folders()).startswith("/somewhere/.cache/virtprov/osinfo-")


def test_names_that_no_text_encoding_holds_are_carried_through(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/\udcff.xml", describe("one1"))
    assert find_profile.find("one1") == find_profile.find("one1")
    assert find_profile.find_or_none("\udcff") is None
