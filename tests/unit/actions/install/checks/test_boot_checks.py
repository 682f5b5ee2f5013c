"""The medium that a new guest boots from."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.actions.install.checks.boot_checks import check_medium
from virtprov.actions.request import InstallRequest
from virtprov.guest import boot
from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host, connect
from virtprov.osinfo.find_profile import generic
from virtprov.places.place import Medium

SECTOR = 2048


@pytest.fixture
def host() -> Iterator[Host]:
    with connect("test:///default") as found:
        yield found


def iso(sectors: int) -> bytes:
    """The beginning of an ISO that says it has so many sectors: 16 empty ones, and its descriptors."""
    descriptor = bytearray(SECTOR)
    descriptor[:7] = b"\x01CD001\x01"
    descriptor[80:88] = struct.pack("<I", sectors) + struct.pack(">I", sectors)
    descriptor[128:132] = struct.pack("<H", SECTOR) + struct.pack(">H", SECTOR)
    return bytes(16 * SECTOR) + bytes(descriptor) + b"\xffCD001\x01".ljust(SECTOR, b"\0")


def warnings(host: Host, path: Path, kind: str = boot.CDROM) -> list[str]:
    setting = RuleContext(Guest.parse("<domain type='test'><name>g</name></domain>"), host, generic())
    check_medium(InstallRequest(method=boot.Method(kind, Medium(str(path)))), setting)
    return setting.warnings


def test_an_iso_that_ends_too_early(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(iso(1000))
    (sentence,) = warnings(host, path)
    assert sentence.startswith(f"the ISO '{path}' is incomplete: its last 1.9 MiB are missing")
    assert warnings(host, path, boot.IMPORT) == []


@pytest.mark.parametrize("data", [iso(18), iso(18 + 150), b"", b"no ISO" * 10000])
def test_what_is_complete_or_no_iso(data: bytes, host: Host, tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(data)
    assert warnings(host, path) == []


def test_a_medium_that_is_not_here(host: Host, tmp_path: Path) -> None:
    assert warnings(host, tmp_path / "gone.iso") == warnings(host, tmp_path) == []
