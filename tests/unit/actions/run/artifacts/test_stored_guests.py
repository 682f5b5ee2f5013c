"""Guests that a run made, started, changed or replaced: whose they are, and how they go or come back."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, UNSURE, Evidence
from virtprov.actions.run.artifacts.stored_guests import AsideGuest, Definition, Guest, StartedGuest, remove_guest
from virtprov.actions.run.definition import DefinitionChanged, digest
from virtprov.host.connection import Host

Look = Callable[[Host], dict[str, list[str]]]
WEB = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"
BEGUN = Evidence(made=False)


def test_guest_is_removed_with_its_run(place: Host, listed: Look) -> None:
    guest = Guest("web", WEB)
    assert guest.standing(place, Evidence()).state == OURS
    guest.take_down(place)
    assert listed(place)["guests"] == [] and guest.standing(place, Evidence()).state == GONE
    remove_guest(place, WEB, nvram=True)  # no harm when it is gone


def test_started_guest_is_told_by_its_run(place: Host, listed: Look) -> None:
    info = place.guests.find("web")
    assert info is not None and info.id is not None
    started = StartedGuest("web", WEB, info.id)
    assert started.standing(place, Evidence()).state == OURS
    assert started.standing(place, BEGUN) == (UNSURE, "'web' may have been started by someone else")
    assert started._replace(run=info.id + 1).standing(place, Evidence()).state == OTHERS
    started.take_down(place)
    assert listed(place)["guests"] == ["web shut off"] and started.standing(place, Evidence()).state == GONE


def crc32(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


@pytest.mark.parametrize("digest_of", [digest, crc32])
def test_definition_is_told_by_its_digest(place: Host, digest_of: Callable[[str], str]) -> None:
    def stored() -> str:
        return place.guests.xml("web", inactive=True, secure=True)

    before = stored()
    place.guests.define(before.replace("65536", "131072"))
    definition = Definition("web", WEB, before, digest_of(stored()))
    assert definition.standing(place, Evidence()).state == OURS
    assert definition.standing(place, BEGUN) == (UNSURE, "'web' may have been changed by someone else")
    begun = definition._replace(digest="", after=before.replace("65536", "131072"))  # killed before it knew the digest
    assert begun.standing(place, BEGUN).state == OURS
    place.guests.define(before.replace("65536", "262144"))
    assert begun.standing(place, BEGUN) == (UNSURE, "'web' may have been changed by someone else")
    assert definition.standing(place, Evidence()) == (OTHERS, "'web' has been changed since")
    with pytest.raises(DefinitionChanged, match="the definition of 'web' has been changed in the meantime"):
        definition.take_down(place)
    definition._replace(digest=digest_of(stored())).take_down(place)
    assert stored() == before and definition.standing(place, Evidence()).state == GONE


@pytest.mark.parametrize("active", [True, False])
def test_aside_guest_comes_back(active: bool, place: Host, listed: Look) -> None:
    if not active:
        place.guests.destroy("web")
    before = listed(place)
    aside = AsideGuest("web", WEB, "web.old", place.guests.xml("web", inactive=True), active)
    assert aside.standing(place, Evidence()).state == GONE
    place.guests.destroy("web")
    place.guests.rename("web", "web.old")
    assert aside.standing(place, Evidence()).state == aside.waits(place, Evidence()).state == OURS
    aside.take_down(place)
    assert listed(place) == before and aside.waits(place, Evidence()).state == GONE


@pytest.mark.parametrize("persistent", [True, False])
def test_aside_guest_that_was_not_renamed_comes_back(persistent: bool, place: Host) -> None:
    aside = AsideGuest("web", WEB, "", place.guests.xml("web", inactive=True), True, persistent)
    remove_guest(place, WEB, nvram=False)
    aside.take_down(place)
    info = place.guests.find("web")
    assert info is not None and info.active and info.persistent is persistent


def test_aside_guest_that_is_killed_while_it_goes_is_found_again(place: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    place.guests.destroy("web")
    before = "<domain><name>web</name><os firmware='efi'><nvram>/srv/images/base.qcow2</nvram></os></domain>"
    place.guests.rename("web", "web.old")
    aside = AsideGuest("web", WEB, "web.old", before, nvram=True)

    def killed(host: Host, uuid: str, *, nvram: bool) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patches, pytest.raises(KeyboardInterrupt):
        patches.setattr("virtprov.actions.run.artifacts.stored_guests.remove_guest", killed)
        aside.discard(place)
    assert aside.waits(place, Evidence()).state == OURS and place.storage.volume("images", "base.qcow2") is None
    aside.discard(place)
    assert aside.waits(place, Evidence()).state == GONE


def test_aside_guest_is_discarded_with_its_variables() -> None:
    class Remote(StandIn):
        """A host elsewhere, with the variables of a guest in a folder that no pool covers."""

        is_remote, driver, is_session = True, "qemu", False
        is_recorded, uri = False, "qemu+ssh://host/system"

        def __init__(self) -> None:
            self.calls: list[str] = []

        def guests_find(self, key: str) -> Any:
            return None

        def storage_pool_at(self, directory: str) -> Any:
            return None

        def storage_create_pool(self, xml: str, **how: Any) -> None:
            assert "/var/lib/libvirt/qemu/nvram" in xml

        def storage_remove_pool(self, name: str) -> None:
            pass

        def storage_refresh_pool(self, name: str) -> None:
            pass

        def storage_volume(self, pool: str, name: str) -> Any:
            return name if name == "web_VARS.fd" else None

        def storage_delete_volume(self, pool: str, name: str) -> None:
            self.calls.append(name)

    before = "<domain><name>web</name><os firmware='efi'/></domain>"
    host: Any = Remote()
    AsideGuest("web", WEB, "web.old", before, nvram=True).discard(host)
    assert host.calls == ["web_VARS.fd"]
    AsideGuest("web", WEB, "web.old", before, nvram=False).discard(host)
    assert host.calls == ["web_VARS.fd"]
