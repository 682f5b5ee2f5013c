"""A definition is stored only in place of the one that was expected."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from virtprov.actions.run import definition
from virtprov.host.connection import Host
from virtprov.support.errors import ProvError
from virtprov.support.user_files import lock

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
        sentence = "another run of virtprov has been changing 'web' for more than 0 seconds"
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


# -- runs that were killed before they knew what the host had made ------------------------------------

OLD = """<domain type='kvm'><name>g</name><memory unit='KiB'>64</memory><os><type arch='x86_64'>hvm</type></os><devices>
<controller type='pci' index='0' model='pcie-root'/><disk type='file'><source file='/a'/><target dev='vda'/>
<address type='pci' bus='1'/></disk></devices></domain>"""
DISK = "<disk type='file'><source file='/b'/><target dev='vdb'/></disk>"
SENT = OLD.replace("</devices>", f"{DISK}</devices>")
STORED = OLD.replace("</disk></devices>", "</disk>" + DISK.replace("</disk>", "<address bus='2'/></disk></devices>"))


@pytest.mark.parametrize(
    ("now", "is_ours"),
    [
        (STORED, True),
        (STORED.replace("><", ">\n  <"), True),
        (STORED.replace("<disk type", "<controller type='pci' index='1' model='pcie-root-port'/><disk type", 1), True),
        (OLD.replace("<disk", DISK + "<disk"), True),  # hosts sort devices
        (STORED.replace("</devices>", "<memballoon model='virtio'/></devices>"), True),
        (OLD, False),
        (STORED.replace("<memory", "<title>mine</title><memory"), False),
        (STORED.replace("</devices>", "<interface type='user'/></devices>"), False),
        (STORED.replace("<target dev='vda'/>", "<target dev='vda'/><serial>1</serial>"), False),
        (STORED.replace("<target dev='vda'/>", "<target dev='vda' bus='sata'/>"), False),
        (STORED.replace("<target dev='vdb'/>", "<target dev='vdb'/><iotune/>"), False),
        (STORED.replace(">64<", ">65<"), False),
        (STORED.replace("<os>", "<os firmware='efi'>"), False),
    ],
)
def test_what_a_host_made_of_a_definition_is_known(now: str, is_ours: bool) -> None:
    assert definition.is_made_of(now, SENT, OLD) is is_ours


def test_what_a_host_made_of_a_new_definition_is_known() -> None:
    new = "<domain type='kvm'><name>g</name><genid/></domain>"
    filled = new.replace("<genid/>", "<uuid>u</uuid><genid>5</genid><devices><emulator>/q</emulator></devices>")
    assert definition.is_made_of(filled, new, "")
    assert not definition.is_made_of(filled.replace("<devices>", "<devices><disk/>"), new, "")
