"""Cached images: what is listed, what is removed, and what stays because somebody uses it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standin import StandIn
from virtprov.actions.install.image_cache import BASE, BUSY, DOWNLOAD, find_cached, prune
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.host.connection import Host
from virtprov.images import cache
from virtprov.images.image import Digest, ResolvedImage
from virtprov.support.errors import HostError

TAGS = [f"{number:016x}" for number in range(4)]
GUEST = """<domain type='test'><name>user</name><memory>65536</memory><os><type>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/images/{name}'/>
<target dev='vda'/></disk></devices></domain>"""


def name_of(number: int) -> str:
    return f"some-{number}-{TAGS[number]}.base.qcow2"


@pytest.fixture(autouse=True)
def folders(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def held() -> Iterator[str]:
    """A tag that another run holds."""
    import fcntl

    folder = cache.hold(TAGS[2])
    cache.is_held(TAGS[2])
    number = os.open(folder, os.O_RDONLY)
    fcntl.flock(number, fcntl.LOCK_SH)
    yield TAGS[2]
    os.close(number)


@pytest.fixture
def full(place: Host) -> Host:
    """A host with three bases: the first has an overlay, the second a guest."""
    for number in range(3):
        path = f"/srv/images/{name_of(number)}"
        place.storage.create_volume("images", NewVolume("images", name_of(number), path, "qcow2", 1 << 30, 0).xml())
    path = f"/srv/images/{name_of(0)}"
    over = NewVolume("images", "top.qcow2", "/srv/images/top.qcow2", "qcow2", 1 << 30, 0, path, "qcow2")
    place.storage.create_volume("images", over.xml())
    place.guests.define(GUEST.format(name=name_of(1)))
    return place


def test_only_bases_are_listed_each_with_its_user(full: Host, held: str) -> None:
    digest = Digest("sha256", TAGS[1] + "0" * 48)
    cache.write_note(held, ResolvedImage("debian13", url="https://me:secret@example.org/x", digest=digest))
    found = find_cached(full)
    assert [(one.kind, one.name, one.pool) for one in found] == [
        (BASE, name_of(number), "images") for number in range(3)
    ]
    assert [one.user for one in found] == [
        "used as backing image by volume top.qcow2", "used by guest 'user'", BUSY,
    ]  # fmt: skip
    facts = found[2].as_json()
    assert facts["label"] == "debian13" and facts["source"] == "https://example.org/x"
    assert facts["checksum"] == digest.text and "tag" not in facts


def test_downloads_are_listed(place: Host) -> None:
    folder = Path(cache.hold(TAGS[3]))
    cache.is_held(TAGS[3])
    assert find_cached(place) == []
    (folder / "x.file.part").write_bytes(b"x" * 8192)
    (found,) = find_cached(place)
    assert (found.kind, found.name, found.path, found.size) == (DOWNLOAD, TAGS[3], str(folder), 8192)
    (folder / "about.json").write_text("[1]")
    assert find_cached(place)[0].name == TAGS[3]


def test_prune_takes_what_nobody_uses(full: Host, held: str) -> None:
    assert [one.removed for one in prune(full)] == [False, False, False]
    full.storage.delete_volume("images", "top.qcow2")
    full.guests.undefine("user")
    results = prune(full)
    assert [(one.removed, one.why) for one in results] == [(True, ""), (True, ""), (False, BUSY)]
    assert [name for name in full.storage.volume_names("images") if ".base." in name] == [name_of(2)]
    assert cache.tags() == [held]


def test_prune_removes_downloads_and_folders(place: Host) -> None:
    folder = Path(cache.hold(TAGS[3]))
    cache.is_held(TAGS[3])
    (folder / "disk").write_bytes(b"x")
    (folder / "about.json").write_text("{}")
    Path(cache.hold(TAGS[0]))
    cache.is_held(TAGS[0])
    assert [(one.image.kind, one.removed) for one in prune(place)] == [(DOWNLOAD, True)]
    assert cache.tags() == []


def test_an_overlay_that_libvirt_has_not_seen_yet(place: Host) -> None:
    path = f"/srv/images/{name_of(0)}"
    base = NewVolume("images", name_of(0), path, "qcow2", 1 << 30, 0)
    over = NewVolume("images", "top.qcow2", "/srv/images/top.qcow2", "qcow2", 1 << 30, 0, path, "qcow2")
    unseen = [base, over]

    class ByHand(StandIn):
        """Somebody has put files into the pool, which libvirt finds one after another when it looks."""

        real = place

        def storage_refresh_pool(self, pool: str) -> None:
            if unseen:
                place.storage.create_volume("images", unseen.pop(0).xml())

    (found,) = prune(ByHand())  # type: ignore[arg-type]
    assert (found.removed, found.why) == (False, "used as backing image by volume top.qcow2")
    assert place.storage.volume("images", name_of(0)) is not None


def test_a_pool_that_disappears(full: Host) -> None:
    class Gone(StandIn):
        real = full

        def storage_refresh_pool(self, pool: str) -> None:
            raise HostError("it is not there")

        def storage_pool(self, name: str) -> None:
            return None

    assert find_cached(Gone()) == []  # type: ignore[arg-type]


def test_what_cannot_be_removed_is_told(full: Host) -> None:
    class Refusing(StandIn):
        real = full

        def storage_delete_volume(self, pool: str, name: str) -> bool:
            raise HostError("no")

    results = prune(Refusing())  # type: ignore[arg-type]
    assert [(one.removed, one.why) for one in results][2] == (False, "no")
