"""What --ensure compares beyond the values of options."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.edit.changing.described import differences
from virtprov.actions.request import InstallRequest
from virtprov.guest.network import publish

QEMU = """<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-netdev'/>
<qemu:arg value='user,id=published0,hostfwd=tcp::8022-:22,hostfwd=udp:[::1]:53-:53'/></qemu:commandline>"""
PASST = """<devices><interface type='user'><backend type='passt'/><portForward proto='tcp'><range start='8022' to='22'/>
</portForward><portForward proto='udp'><range start='53'/></portForward></interface></devices>"""


class Place(StandIn):
    """A host with one guest."""

    def __init__(self, inside: str, *, persistent: bool = True) -> None:
        self.inside, self.persistent = inside, persistent

    def guests_find(self, name: str) -> Any:
        return SimpleNamespace(persistent=self.persistent)

    def guests_xml(self, name: str, **how: bool) -> str:
        return f"<domain type='kvm'><name>web</name><os><type arch='x86_64'>hvm</type></os>{self.inside}</domain>"

    def guests_autostart(self, name: str) -> bool:
        return False


def compare(inside: str, persistent: bool = True, **request: Any) -> tuple[str, ...]:
    host: Any = Place(inside, persistent=persistent)
    return differences(InstallRequest(name="web", **request), "web", host)


@pytest.mark.parametrize("inside", [QEMU, PASST])
def test_published_ports(inside: str) -> None:
    same = tuple(publish.parse(text) for text in ("8022:22", "53:53/udp"))
    assert compare(inside, publish=same) == ()
    others = tuple(publish.parse(text) for text in ("8022:80", "22:22", "8022:22/udp"))
    assert compare(inside, publish=others) == (
        "--publish 8022:80: the port is not forwarded",
        "--publish 22:22: the port is not forwarded",
        "--publish 8022:22: the port is not forwarded",
    )


def test_a_port_that_is_forwarded_to_the_address_of_the_guest() -> None:
    wanted = (publish.parse("8022:22"),)
    assert compare(QEMU.replace("8022-:22", "8022-10.0.2.15:22"), publish=wanted) == ()


def test_a_guest_that_is_soon_gone() -> None:
    assert compare("", persistent=False, transient=True) == ()
    assert compare("", transient=True) == ("--transient: it is persistent",)
    assert compare("", persistent=False) == ("it is transient",)
