"""What is said of a guest that is ready: its addresses, or that none is known, in words and in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.json_schemas import problems
from tests.place import default_host
from virtprov.actions.install import finish
from virtprov.actions.waiting import addresses
from virtprov.cli import app
from virtprov.cli.install import command

ASKED = (
    "--connect test:///default --name fresh --memory 64 --import --osinfo generic --disk none --noautoconsole "
    "--network network=default"
).split()
MISSING = (
    "no network address of 'fresh' is known from libvirt's DHCP server, the guest agent or ARP; check with `virsh "
    "console fresh`, or later with `virsh domifaddr fresh --source lease`"
)


@pytest.fixture(autouse=True)
def surroundings(only_bundled_profiles: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait itself has tests of its own: here it has found the guest ready."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(finish, "finish", lambda request, made, context: "ready")


def create(capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[str, str]:
    with default_host("fresh"):
        assert app.run("virtprov-install", command.main, [*ASKED, *flags]) == 0
    said = capsys.readouterr()
    return said.out, said.err


def read(out: str) -> dict[str, Any]:
    body = json.loads(out)
    assert problems("install", body) == []
    return dict(body)


def test_the_addresses_of_the_host_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """libvirt's test driver makes up a lease in the guest's network, 192.168.122.0/24."""
    out, err = create(capsys)
    assert "  address: 192.168.122." in out and "no network address" not in err
    body = read(create(capsys, "--output", "json")[0])
    (address,) = body["addresses"]
    assert address.startswith("192.168.122.") and body["state"] == "ready"
    assert not [sentence for sentence in body["warnings"] if "address" in sentence]


def test_ready_without_an_address_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "of", lambda host, name: [])
    out, err = create(capsys)
    assert f"warning: {MISSING}" in err and "Guest 'fresh' is running and" in out
    body = read(create(capsys, "--output", "json")[0])
    assert body["warnings"].count(MISSING) == 1 and body["state"] == "ready"
    out, err = create(capsys, "--quiet")
    assert (out, err) == ("", "")
