"""Definitions of guests: read in one go, and stored with a look at what the host made of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.host.connection import Host, connect
from virtprov.host.failures import NotThere
from virtprov.support.errors import HostError

DOMAIN = """<domain type='test'><name>{name}</name><memory>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os>
<devices><graphics type='vnc' passwd='sesame'/></devices></domain>"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    path = tmp_path / "place.xml"
    path.write_text(f"<node>{DOMAIN.format(name='a')}{DOMAIN.format(name='b')}</node>")
    with connect(f"test://{path}") as host:
        host.guests.destroy("b")
        yield host


def test_a_guest_comes_with_its_documents(host: Host) -> None:
    found = host.guests.definition("a")
    assert found is not None and found.info == host.guests.find("a")
    assert found.stored == host.guests.xml("a", inactive=True, secure=True) and "sesame" in found.stored
    assert found.running == host.guests.xml("a", secure=True)
    assert host.guests.definition("a", running=False) == found._replace(running="")
    off = host.guests.definition("b")
    assert off is not None and off.running == ""


def test_states_leave_guests_out(host: Host) -> None:
    assert host.guests.definition("a", states=frozenset({"shut off"})) is None
    assert host.guests.definition("b", states=frozenset({"shut off", "paused"})) is not None


def test_a_guest_that_is_not_there(host: Host) -> None:
    with pytest.raises(NotThere):
        host.guests.definition("c")


def test_what_is_stored_comes_back_as_the_host_keeps_it(host: Host) -> None:
    before = host.guests.xml("b", inactive=True, secure=True)
    uuid, now = host.guests.store_definition("b", before.replace("'static'>1<", "'static'>2<"))
    assert uuid == host.guests.find("b").uuid  # type: ignore[union-attr]
    assert now == before.replace("'static'>1<", "'static'>2<") == host.guests.xml("b", inactive=True, secure=True)
    assert host.guests.store_definition("c", DOMAIN.format(name="c"))[1].startswith("<domain type='test'>")


def test_a_refusal_names_the_guest(host: Host) -> None:
    with pytest.raises(HostError, match="cannot define the guest 'b': "):
        host.guests.store_definition("b", "<domain type='test'><name>b</name></domain>")


def test_autostart(host: Host) -> None:
    assert not host.guests.autostart("a")
    host.guests.set_autostart("a", True)
    assert host.guests.autostart("a")
