"""Removing guests from a program."""

from __future__ import annotations

from typing import Any

import pytest

import virtprov
from virtprov import Host
from virtprov.actions.request import RemoveRequest
from virtprov.library.removing import to_request


def test_guests_are_removed(host: Host) -> None:
    host.guests.start("a1")
    done = virtprov.remove(host, ["a1", "a2"])
    assert [(guest.name, guest.removed, guest.kept) for guest in done.guests] == [
        ("a1", ("definition of guest 'a1'",), ()),
        ("a2", ("definition of guest 'a2'",), ()),
    ]
    assert all(guest.uuid for guest in done.guests) and (done.notes, done.warnings) == ((), ())
    assert host.guests.names() == ("b1",)


def test_what_would_be_removed(host: Host) -> None:
    host.guests.define(
        host.guests.xml("b1", inactive=True).replace(
            "<devices>",
            "<devices><disk type='file' device='cdrom'><source file='/a.iso'/><target dev='sda'/></disk>",
        )
    )
    (guest,) = virtprov.remove(host, "b1", dry_run=True).guests
    assert guest.kept == ("medium /a.iso: other guests may use the medium as well",)
    assert host.guests.find("b1") is not None


def test_a_host_may_be_given_by_its_uri(host: Host) -> None:
    assert [guest.name for guest in virtprov.remove(host.uri, "a1").guests] == ["a1"]


def test_every_argument_finds_its_place() -> None:
    assert to_request(["a", "b"], False, "/d", True, 3.0) == RemoveRequest(("a", "b"), False, ("/d",), True, 3.0)
    assert to_request("a", True, (), False, -1) == RemoveRequest(("a",), True, (), False, -1)


def test_a_guest_that_cannot_be_removed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from virtprov.host.inventory.guests import Guests

    undefine = Guests.undefine

    def refuse(guests: Guests, key: str, **how: Any) -> bool:
        info = guests.find(key)
        if info is not None and info.name == "a1":
            raise virtprov.HostError("not that one")
        return undefine(guests, key, **how)

    monkeypatch.setattr(Guests, "undefine", refuse)
    with pytest.raises(virtprov.HostError, match="not that one"):
        virtprov.remove(host, ["a1", "a2"])
    assert host.guests.names() == ("a1", "b1")


@pytest.mark.parametrize(
    ("guests", "settings", "kind", "message"),
    [
        ("", {}, virtprov.UsageError, "no guest to remove given"),
        ("a1", {"keep_disks": True, "with_disks": "/a"}, virtprov.UsageError, "--keep-disks and --with-disk"),
        ("a1", {"wait": 0}, virtprov.UsageError, "--wait 0"),
        ("a1", {"with_disks": "/a"}, virtprov.UsageError, "no such disk of 'a1'"),
        ("c1", {}, virtprov.HostError, "guest 'c1' not found on "),
    ],
)
def test_what_cannot_be_removed(
    guests: str, settings: dict[str, Any], kind: type[virtprov.ProvError], message: str, host: Host
) -> None:
    with pytest.raises(kind, match=message):
        virtprov.remove(host, guests, **settings)
    assert len(host.guests.names()) == 3
