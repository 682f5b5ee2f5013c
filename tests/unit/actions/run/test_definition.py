"""A definition is stored only in place of the one that was expected."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from virtprov.actions.run import definition
from virtprov.host.connection import Host
from virtprov.support import lock
from virtprov.support.errors import ProvError

UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def stored(host: Host) -> str:
    return host.guests.xml("web", inactive=True, secure=True)


def test_marks_of_all_releases_are_known() -> None:
    assert definition.is_known_by("<a/>", definition.digest("<a/>"))
    assert not definition.is_known_by("<b/>", definition.digest("<a/>"))
    old = f"{zlib.crc32(b'<a/>'):08x}"  # what trails of 0.1.0 hold
    assert definition.is_known_by("<a/>", old) and not definition.is_known_by("<b/>", old)


def test_another_definition_takes_the_place_of_the_one_that_is_expected(place: Host) -> None:
    before = stored(place)
    now = definition.replace(place, "web", UUID, before.replace("65536", "131072"), definition.digest(before))
    assert now == stored(place) != before
    assert definition.replace(place, "web", UUID, before, definition.digest(now)) == before == stored(place)


def test_what_was_changed_meanwhile_is_not_overwritten(place: Host) -> None:
    before = stored(place)
    place.guests.define(before.replace("65536", "262144"))
    between = stored(place)
    with pytest.raises(
        definition.DefinitionChanged, match="^the definition of 'web' has been changed in the meantime$"
    ):
        definition.replace(place, "web", UUID, before, definition.digest(before))
    assert stored(place) == between


@pytest.mark.parametrize("running", [True, False])
def test_a_guest_that_was_undefined_meanwhile_is_not_defined_again(place: Host, running: bool) -> None:
    before = stored(place)
    if not running:
        place.guests.destroy("web")
    place.guests.undefine("web")
    assert place.guests.stored_definition(UUID) == ("" if running else None)
    with pytest.raises(definition.DefinitionChanged, match="^'web' is no longer defined$"):
        definition.replace(place, "web", UUID, before, definition.digest(before))
    known = place.guests.find("web")
    assert known is None or not known.persistent


def test_a_definition_is_taken_away_and_comes_back(place: Host) -> None:
    before = stored(place)
    assert definition.replace(place, "web", UUID, None, definition.digest(before)) == definition.NONE
    assert not place.guests.stored_definition(UUID)
    assert definition.replace(place, "web", UUID, before, definition.NONE) == before
    with pytest.raises(definition.DefinitionChanged, match="^guest 'web' has been defined in the meantime$"):
        definition.replace(place, "web", UUID, before, definition.NONE)


def nothing(said: str = "") -> None:
    """Neither stop nor tell."""


def test_one_run_at_a_time_and_an_end_to_the_waiting(place: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.1)
    with definition.lock_guest(place, "web", UUID, nothing, nothing):
        sentence = "another virtprov-xml has been changing 'web' for more than 0 seconds"
        with pytest.raises(ProvError, match=sentence), definition.lock_guest(place, "web", UUID, nothing, nothing):
            pytest.fail("two were in it")
        with definition.lock_guest(place, "db", "another", nothing, nothing):
            pass
    with definition.lock_guest(place, "web", UUID, nothing, nothing):
        pass


def test_without_a_state_directory_the_run_goes_on(place: Host, home: Path) -> None:
    home.touch()
    with definition.lock_guest(place, "web", UUID, nothing, nothing):
        pass
