"""What is in use: by guests, as they run and as they are stored, and below the images of guests and pools."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from virtprov.actions.run.artifacts.path_users import PathUsers, User, users_of
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


TOP = "<disk type='file'><driver type='{}'/><source file='{}/{}'/><target dev='vda'/>{}</disk>"
ELSEWHERE = """<pool type='dir'><name>q</name><target><path>/q</path></target><volume type='file'><name>far.qcow2</name>
<capacity>1</capacity><target><path>/q/far.qcow2</path><format type='qcow2'/><encryption format='luks'>
<secret type='passphrase' uuid='{uuid}'/></encryption></target>
<backingStore><path>{path}/lone.qcow2</path></backingStore></volume></pool>"""
SECRET = "2ec115d7-3a88-3ceb-bc12-0ac909a6fd87"


def add_pool(host: Host, tmp_path: Path) -> Host:
    """The same host with another pool, in which an image is based on one of the first."""
    text = (tmp_path / "place.xml").read_text()
    (tmp_path / "place.xml").write_text(text.replace("<node>", f"<node>{ELSEWHERE.format(uuid=SECRET, path=tmp_path)}"))
    return connect(host.uri)


def test_images_in_other_pools_are_asked_for_on_request(host_with: Place, tmp_path: Path) -> None:
    lone = f"{tmp_path}/lone.qcow2"
    with add_pool(host_with(""), tmp_path) as host:
        assert PathUsers(host, frozenset(), frozenset()).find(lone) is None
        users = PathUsers(host, frozenset(), frozenset(), all_pools=True)
        assert users.find(lone) == User("far.qcow2", is_guest=False, is_based=True)
        assert users.find(f"{tmp_path}/top.qcow2") is None
        assert users.find_secret(SECRET) == User("far.qcow2", is_guest=False, is_based=True)
        assert users.find_secret(SECRET.replace("2", "3")) is None
        ignoring = PathUsers(host, frozenset(), frozenset({"/q/far.qcow2"}), all_pools=True)
        assert ignoring.find(lone) is ignoring.find_secret(SECRET) is None


def test_who_is_based_on_a_disk_comes_before_who_has_it(host_with: Place, tmp_path: Path) -> None:
    over(tmp_path / "over.qcow2", "lone.qcow2")
    both = TOP.format("qcow2", tmp_path, "lone.qcow2", "") + TOP.format("qcow2", tmp_path, "over.qcow2", "").replace(
        "vda", "vdb"
    )
    users = PathUsers(host_with(both), frozenset(), frozenset(), all_pools=True)
    assert users.find(f"{tmp_path}/lone.qcow2") == User("other", is_based=True)
    assert users.find(f"{tmp_path}/over.qcow2") == User("other")


def test_an_image_that_a_guest_uses_as_raw_is_based_on_nothing(host_with: Place, tmp_path: Path) -> None:
    """A guest can write any header into its disk, and with it keep others from being removed."""
    over(tmp_path / "top.qcow2", "base.qcow2")
    base = f"{tmp_path}/base.qcow2"
    qcow2 = PathUsers(host_with(""), frozenset(), frozenset(), all_pools=True)
    assert qcow2.find(base) == User("top.qcow2", is_guest=False, is_based=True)
    raw = PathUsers(host_with(TOP.format("raw", tmp_path, "top.qcow2", "")), frozenset(), frozenset(), all_pools=True)
    assert raw.find(base) is None


def test_secrets_of_guests(host_with: Place, tmp_path: Path) -> None:
    inside = f"<encryption format='luks'><secret type='passphrase' uuid='{SECRET}'/></encryption>"
    host = host_with(TOP.format("raw", tmp_path, "lone.qcow2", inside))
    assert PathUsers(host, frozenset(), frozenset(), all_pools=True).find_secret(SECRET) == User("other")


def test_files_for_the_firmware_are_in_use(host_with: Callable[..., Host], tmp_path: Path) -> None:
    box = f"<sysinfo type='fwcfg'><entry name='opt/a' file='{tmp_path}/lone.qcow2'/></sysinfo>"
    host = host_with("")
    text = (tmp_path / "place.xml").read_text().replace("<devices>", f"{box}<devices>")
    (tmp_path / "place.xml").write_text(text)
    with connect(host.uri) as again:
        assert users_of(again, frozenset(), frozenset())(f"{tmp_path}/lone.qcow2") == "used by guest 'other'"
