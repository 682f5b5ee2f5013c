from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import libvirt
import pytest

from virtprov.host.connection import Host
from virtprov.host.daemon import retry
from virtprov.host.failures import NotSupported, NotThere, Taken
from virtprov.host.inventory.storage import Storage
from virtprov.host.transfer import streams
from virtprov.support.errors import HostError, InputError

POOL = "<pool type='dir'><name>{}</name><target><path>/srv/{}</path></target></pool>".format
VOLUME = (
    "<volume><name>{}</name><capacity unit='MiB'>{}</capacity><target><format type='qcow2'/></target></volume>"
).format
NETFS = "<pool type='netfs'><name>share</name><source><dir path='/x'/></source><target><path>/s</path></target></pool>"


def test_a_pool_comes_and_goes(pool_host: Host) -> None:
    made = pool_host.storage.create_pool(POOL("scratch", "scratch"))
    assert (made.name, made.active, made.path) == ("scratch", True, "/srv/scratch")
    pool_host.storage.refresh_pool("scratch")
    pool_host.storage.remove_pool("scratch")
    assert pool_host.storage.pool("scratch") is None


def test_a_pool_that_is_interrupted_is_not_left_defined(pool_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(pool: libvirt.virStoragePool, on: int) -> None:
        raise KeyboardInterrupt

    # The test driver starts every pool; this is the last call on the way.
    monkeypatch.setattr(libvirt.virStoragePool, "setAutostart", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pool_host.storage.create_pool(POOL("scratch", "scratch"))
    assert pool_host.storage.pool_names() == ("images",)


def test_a_bad_pool_is_refused(pool_host: Host) -> None:
    with pytest.raises(HostError, match="^cannot define the pool 'share': "):
        pool_host.storage.create_pool(NETFS)


def test_a_volume_comes_and_goes(pool_host: Host) -> None:
    seen: list[tuple[int, int]] = []
    made = pool_host.storage.create_volume("images", VOLUME("new", 4), progress=lambda *step: seen.append(step))
    assert (made.pool, made.path, made.format, made.capacity) == ("images", "/srv/images/new", "qcow2", 4 * 1024**2)
    assert seen[-1] == (4 * 1024**2, 4 * 1024**2)
    assert pool_host.storage.volume("images", "new") == made
    assert pool_host.storage.delete_volume("images", "new") is True
    assert pool_host.storage.delete_volume("images", "new") is False
    assert pool_host.storage.delete_volume("nowhere", "new") is False


def test_volumes_may_be_chosen_by_what_they_have(pool_host: Host) -> None:
    backing = "<backingStore><path>/srv/images/base.qcow2</path></backingStore></volume>"
    pool_host.storage.create_volume("images", VOLUME("top", 4).replace("</volume>", backing))
    listed = pool_host.storage.volumes
    assert {volume.name for volume in listed("images")} == {"base.qcow2", "top"}
    assert [volume.name for volume in listed("images", parts=("secret", "backingStore"))] == ["top"]
    assert list(listed("images", parts=("secret",))) == []


def test_a_volume_that_is_there_is_not_replaced(pool_host: Host) -> None:
    before = pool_host.storage.volume("images", "base.qcow2")
    with pytest.raises(Taken, match="^cannot create the volume 'base.qcow2' in the pool 'images': "):
        pool_host.storage.create_volume("images", VOLUME("base.qcow2", 4))
    assert pool_host.storage.volume("images", "base.qcow2") == before


def test_a_pool_that_is_full(pool_host: Host) -> None:
    huge = VOLUME("huge", 1024**3).replace("<target>", "<allocation unit='PiB'>1</allocation><target>")
    with pytest.raises(HostError, match="space"):
        pool_host.storage.create_volume("images", huge)
    assert pool_host.storage.volume_names("images") == ("base.qcow2",)


def test_a_copy_of_a_volume(pool_host: Host) -> None:
    made = pool_host.storage.clone_volume("images", VOLUME("copy", 8), "images", "base.qcow2")
    assert (made.name, made.capacity) == ("copy", 8 * 1024**2)
    with pytest.raises(NotThere, match="pool 'images' has no volume 'bose.qcow2'") as caught:
        pool_host.storage.clone_volume("images", VOLUME("more", 8), "images", "bose.qcow2")
    assert caught.value.hint == "did you mean 'base.qcow2'?"


def test_an_interrupted_volume_is_deleted_again(pool_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = libvirt.virStoragePool.createXML
    begun: list[str] = []

    def slow(pool: libvirt.virStoragePool, xml: str, flags: int) -> object:
        begun.append(xml)
        volume = plain(pool, xml, flags)
        noticed.wait(60)
        return volume

    def interrupt(done: int, total: int) -> None:
        noticed.set()
        raise KeyboardInterrupt

    noticed = threading.Event()
    monkeypatch.setattr(libvirt.virStoragePool, "createXML", slow)
    monkeypatch.setattr(streams.watch_call, "__defaults__", (0.001,))
    with pytest.raises(KeyboardInterrupt):
        pool_host.storage.create_volume("images", VOLUME("half", 4), progress=interrupt)
    assert begun and pool_host.storage.volume("images", "half") is None


def test_contents_where_the_driver_has_none(pool_host: Host, tmp_path: Path) -> None:
    source = tmp_path / "disk.img"
    source.write_bytes(b"x" * 100)
    with pytest.raises(NotSupported, match="^cannot upload to the volume 'base.qcow2' of the pool 'images': "):
        pool_host.storage.upload_volume("images", "base.qcow2", source)
    with pytest.raises(NotSupported):
        pool_host.storage.upload_volume("images", "base.qcow2", io.BytesIO(b"x"))
    with pytest.raises(NotSupported):
        pool_host.storage.download_volume("images", "base.qcow2", io.BytesIO())
    with pytest.raises(NotSupported):
        pool_host.storage.resize_volume("images", "base.qcow2", 2**30)


def test_an_upload_from_a_missing_file(pool_host: Host, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing.img' cannot be read: No such file"):
        pool_host.storage.upload_volume("images", "base.qcow2", tmp_path / "nothing.img")


@pytest.mark.parametrize(
    "call",
    [
        lambda host: host.storage.refresh_pool("x"),
        lambda host: host.storage.remove_pool("x"),
        lambda host: host.storage.create_volume("x", VOLUME("a", 1)),
        lambda host: host.storage.resize_volume("images", "x", 1),
        lambda host: host.storage.upload_volume("images", "x", io.BytesIO()),
    ],
)
def test_what_is_not_there(pool_host: Host, call: Callable[[Host], object]) -> None:
    with pytest.raises(NotThere, match="'x'"):
        call(pool_host)


# -- many at once ---------------------------------------------------------------------------------


def test_a_pool_over_the_same_directory_is_taken(pool_host: Host) -> None:
    for document in (POOL("images", "images"), POOL("other", "images")):
        with pytest.raises(Taken):
            pool_host.storage.create_pool(document)
    assert pool_host.storage.pool_names() == ("images",)


def test_a_pool_that_others_work_in_is_waited_for(pool_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, tries = libvirt.virStoragePool.refresh, []

    def busy(pool: libvirt.virStoragePool, flags: int) -> int:
        tries.append(flags)
        if len(tries) < 3:
            raise libvirt.libvirtError("internal error: pool 'images' has asynchronous jobs running.")
        return int(plain(pool, flags))

    monkeypatch.setattr(retry, "WAITS", (0.0,) * 5)
    monkeypatch.setattr(libvirt.virStoragePool, "refresh", busy)
    pool_host.storage.refresh_pool("images")
    assert len(tries) == 3


# -- first bytes and secrets: what the test driver has not -----------------------------------------


class Bytes:
    """A volume and its stream in one."""

    def __init__(self, content: bytes) -> None:
        self.content, self.ended = content, ""

    def download(self, stream: object, offset: int, length: int, flags: int) -> None:
        self.content = self.content[offset : offset + length]

    def recv(self, most: int) -> bytes:
        chunk, self.content = self.content[:100], self.content[100:]
        return chunk

    def finish(self) -> None:
        self.ended = "finished"

    def abort(self) -> None:
        self.ended = "aborted"


def test_the_first_bytes_of_a_volume(pool_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = Bytes(bytes(range(256)) * 8)
    monkeypatch.setattr(Storage, "_find_volume", lambda self, pool, name: volume)
    monkeypatch.setattr(libvirt.virConnect, "newStream", lambda self, flags: volume)
    assert pool_host.storage.volume_head("images", "v", 300) == (bytes(range(256)) * 8)[:300]
    assert volume.ended == "finished"


def test_first_bytes_that_cannot_be_had(pool_host: Host) -> None:
    assert pool_host.storage.volume_head("images", "base.qcow2", 300) is None
    assert pool_host.storage.volume_head("images", "nothing", 300) is None


class Keeper:
    """A secret of a host, and the host."""

    def __init__(self, refuses: bool) -> None:
        self.refuses, self.value, self.there = refuses, b"", False

    def secretDefineXML(self, xml: str, flags: int) -> Keeper:  # noqa: N802
        self.there = True
        return self

    def secretLookupByUUIDString(self, uuid: str) -> Keeper:  # noqa: N802
        return self

    def setValue(self, value: bytes, flags: int) -> None:  # noqa: N802
        if self.refuses:
            raise libvirt.libvirtError("no")
        self.value = value

    def undefine(self) -> None:
        self.there = False


@pytest.mark.parametrize("refuses", [False, True])
def test_a_secret_is_kept_whole_or_not_at_all(refuses: bool, pool_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(refuses)
    monkeypatch.setattr(pool_host._link, "conn", keeper)
    if refuses:
        with pytest.raises(HostError, match="cannot store the password as a secret"):
            pool_host.secrets.create("<secret/>", b"hush")
        assert not keeper.there
    else:
        pool_host.secrets.create("<secret/>", b"hush")
        assert keeper.there and keeper.value == b"hush"
        pool_host.secrets.remove("u")
        assert not keeper.there
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("kind", "path"),
    [(libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, "/v"), (libvirt.VIR_SECRET_USAGE_TYPE_CEPH, ""), (None, None)],
)
def test_which_volume_a_secret_is_for(
    kind: int | None, path: str | None, pool_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Known:
        def usageType(self) -> int | None:  # noqa: N802
            return kind

        def usageID(self) -> str:  # noqa: N802
            return "/v"

    class Keeps:
        def secretLookupByUUIDString(self, uuid: str) -> Known:  # noqa: N802
            if kind is None:
                error = libvirt.libvirtError("no secret with this UUID")
                error.err = (libvirt.VIR_ERR_NO_SECRET, 0, "no secret", 2, None, None, None, 0, 0)
                raise error
            return Known()

    monkeypatch.setattr(pool_host._link, "conn", Keeps())
    assert pool_host.secrets.volume("u") == path
    monkeypatch.undo()


def test_the_test_driver_has_no_secrets(pool_host: Host) -> None:
    assert pool_host.secrets.volume("2ec115d7-3a88-3ceb-bc12-0ac909a6fd87") is None
    secret = "<secret ephemeral='no'><usage type='volume'><volume>/v</volume></usage></secret>"
    with pytest.raises(NotSupported):
        pool_host.secrets.create(secret, b"x")
