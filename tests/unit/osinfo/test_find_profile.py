"""Finding a profile by its names."""

from __future__ import annotations

import pytest

from virtprov.osinfo import find_profile
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders


def test_every_name_of_a_system_finds_it(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/one.xml", describe("one1", "<short-id>first</short-id>"))
    by_short = find_profile.find("one1")
    assert by_short.short_ids == ("one1", "first")
    assert find_profile.find("first") == by_short
    assert find_profile.find("http://example.org/one/1") == by_short
    assert by_short.name == "The one1"


def test_what_guests_note_is_looked_up_once(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/one.xml", describe("one1"))
    found = find_profile.find_recorded("http://example.org/one/1")
    assert found.short_id == "one1"
    assert find_profile.find_recorded("http://example.org/one/1") is found


@pytest.mark.parametrize("os_id", ["", "http://example.org/no/1"])
def test_a_guest_that_notes_nothing_known_is_a_generic_one(folders: Folders, os_id: str) -> None:
    assert find_profile.find_recorded(os_id) == find_profile.generic()


def test_an_unknown_name_is_refused_with_the_nearest(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/one.xml", describe("debian12"), describe("debian11"))
    with pytest.raises(UsageError) as problem:
        find_profile.find("debain12")
    assert "'debain12'" in problem.value.message
    assert "'debian12'" in problem.value.hint


def test_generic_needs_no_database(folders: Folders) -> None:
    profile = find_profile.find("generic")
    assert find_profile.find("none") == profile
    assert profile.is_generic
    assert profile.devices == frozenset()
    assert profile.os_id == ""
    assert profile.resources("x86_64").advised.ram is None


@pytest.mark.parametrize("asked, given", [("linux2022", "2022"), ("linux2023", "2022"), ("linux2030", "2024")])
def test_a_generic_linux_falls_back_to_the_year_before(folders: Folders, asked: str, given: str) -> None:
    for year in ("2018", "2022", "2024"):
        folders.write(
            folders.bundled,
            f"os/{year}.xml",
            f'<os id="http://libosinfo.org/linux/{year}"><short-id>linux{year}</short-id>'
            f"<name>Generic</name><version>{year}</version></os>",
        )
    assert find_profile.find(asked).version == given


def test_a_generic_linux_older_than_all_is_unknown(folders: Folders) -> None:
    with pytest.raises(UsageError):
        find_profile.find("linux2015")


@pytest.mark.parametrize("name", ["", "a\nb", "one1\x1e", "os", "\x1f"])
def test_odd_names_are_unknown(folders: Folders, describe: Describe, name: str) -> None:
    folders.write(folders.system, "os/one.xml", describe("one1"))
    assert find_profile.find_or_none(name) is None
