"""What is in use: by guests, as they run and as they are stored, and below the images of guests and pools."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from virtprov.actions.run.artifacts.path_users import users_of
from virtprov.host.connection import Host, connect

Place = Callable[[str], Host]


def over(path: Path, backing: str) -> None:
    head = struct.pack(">4sIQIIQ", b"QFI\xfb", 2, 104, len(backing), 16, 1 << 20).ljust(104, b"\0")
    path.write_bytes(head + backing.encode())


@pytest.fixture
def host_with(tmp_path: Path) -> Iterator[Place]:
    """A host of the test driver over `tmp_path`, whose guest `other` has what is given."""
    with ExitStack() as open_hosts:

        def make(inside: str, os: str = "") -> Host:
            place = tmp_path / "place.xml"
            volumes = "".join(
                f"<volume type='file'><name>{name}</name><capacity>1</capacity><target><path>{tmp_path}/{name}</path>"
                f"<format type='qcow2'/></target>{more}</volume>"
                for name, more in (
                    ("base.qcow2", ""),
                    ("top.qcow2", f"<backingStore><path>{tmp_path}/base.qcow2</path></backingStore>"),
                    ("lone.qcow2", ""),
                )
            )
            place.write_text(
                f"<node><pool type='dir'><name>p</name><target><path>{tmp_path}</path></target>{volumes}</pool>"
                "<domain type='test'><name>other</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01</uuid>"
                f"<memory>65536</memory><os><type>hvm</type>{os}</os><devices>{inside}</devices></domain></node>"
            )
            return open_hosts.enter_context(connect(f"test://{place}"))

        yield make


def test_images_below_the_disks_of_guests(host_with: Place, tmp_path: Path) -> None:
    over(tmp_path / "theirs.qcow2", "middle.qcow2")
    over(tmp_path / "middle.qcow2", f'json:{{"file.filename":"{tmp_path}/new.img"}}')
    disk = "<disk type='file'><driver type='{}'/><source file='{}/theirs.qcow2'/><target dev='vda'/></disk>"
    user_of = users_of(host_with(disk.format("qcow2", tmp_path)), frozenset(), frozenset())
    for name in ("theirs.qcow2", "middle.qcow2", "new.img"):
        assert user_of(f"{tmp_path}/{name}") == "used by guest 'other'"
    assert user_of(f"{tmp_path}/lone.qcow2") == ""
    raw = users_of(host_with(disk.format("raw", tmp_path)), frozenset(), frozenset())
    assert raw(f"{tmp_path}/new.img") == ""
    (tmp_path / "link.qcow2").symlink_to(tmp_path / "theirs.qcow2")
    assert raw(f"{tmp_path}/link.qcow2") == "used by guest 'other'"


def test_images_below_volumes_that_no_guest_has(host_with: Place, tmp_path: Path) -> None:
    """Those of the same run go with it, so they are not in its way."""
    host, base = host_with(""), f"{tmp_path}/base.qcow2"
    assert users_of(host, frozenset(), frozenset())(base) == "used as backing image by volume top.qcow2"
    assert users_of(host, frozenset(), frozenset({f"{tmp_path}/top.qcow2"}))(base) == ""


@pytest.mark.parametrize(
    ("inside", "os"),
    [
        ("<disk type='volume'><source pool='p' volume='lone.qcow2'/><target dev='vda'/></disk>", ""),
        ("<filesystem type='file'><source file='{}/lone.qcow2'/><target dir='/'/></filesystem>", ""),
        ("", "<kernel>{}/lone.qcow2</kernel>"),
        ("", "<loader type='pflash'>/code</loader><nvram>{}/lone.qcow2</nvram>"),
    ],
)
def test_other_ways_to_need_a_file(inside: str, os: str, host_with: Callable[..., Host], tmp_path: Path) -> None:
    host = host_with(inside.format(tmp_path), os.format(tmp_path))
    assert users_of(host, frozenset(), frozenset())(f"{tmp_path}/lone.qcow2") == "used by guest 'other'"
    own = frozenset({"9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"})
    assert users_of(host, own, frozenset())(f"{tmp_path}/lone.qcow2") == ""
