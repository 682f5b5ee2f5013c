"""The disk of a guest with a cloud image: its base, its pool, its size, and its steps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.install import install_plan
from virtprov.actions.install.install_plan import InstallPlan
from virtprov.actions.request import InstallRequest
from virtprov.actions.steps.base_images import MakeImageDisk, ObtainBase
from virtprov.actions.steps.storage import MakePool
from virtprov.guest.boot import IMPORT, Method
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.guest.document import Guest
from virtprov.guest.write import gather
from virtprov.host.connection import Host
from virtprov.images import cache
from virtprov.images.image import ImageRequest
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.support.errors import HostError, UsageError

GIB = 1 << 30
SHA = hashlib.sha256(b"x").hexdigest()
BASE = f"some-{SHA[:16]}.base.qcow2"
Plan = Callable[..., InstallPlan]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def image(tmp_path: Path) -> ImageRequest:
    path = tmp_path / "some.qcow2"
    path.write_bytes(b"x")
    return ImageRequest("some.qcow2", path=str(path), checksum=f"sha256:{SHA}")


@pytest.fixture
def plan(image: ImageRequest) -> Plan:
    def make(host: Host, *disks: str, copies: bool = False, refused: tuple[str, ...] = (), **more: Any) -> InstallPlan:
        more.setdefault("no_login", True)
        uses = [use for text in disks for use in gather.group_uses("disk", [text])[0]]
        uses += gather.group_uses("network", ["none"])[0] + gather.group_uses("memory", ["2048"])[0]
        return install_plan.plan(
            InstallRequest(
                tuple(uses),
                frozenset({"network", *refused}),
                name="g",
                osinfo=more.pop("osinfo", OsinfoRequest("debian12")),
                method=Method(IMPORT),
                image=image._replace(copies=copies),
                dry=True,
                **more,
            ),
            host,
        )

    return make


def steps(made: InstallPlan) -> tuple[ObtainBase, MakeImageDisk]:
    (obtain,) = [step for step in made.plan.steps if isinstance(step, ObtainBase)]
    (make,) = [step for step in made.plan.steps if isinstance(step, MakeImageDisk)]
    return obtain, make


def have_base(host: Host, capacity: int) -> None:
    host.storage.create_volume("images", NewVolume("images", BASE, f"/srv/images/{BASE}", "qcow2", capacity, 0).xml())


def test_an_overlay_in_the_pool_of_the_base(place: Host, plan: Plan) -> None:
    made = plan(place, "pool=images,size=5,bus=scsi", "pool=images,size=1")
    obtain, make = steps(made)
    assert obtain.base.path == f"/srv/images/{BASE}" and obtain.base.capacity is None
    assert (make.volume.path, make.volume.capacity, make.option) == ("/srv/images/g.qcow2", 5 * GIB, "--disk size=5")
    first, second = Guest.parse(made.plan.documents[-1]).disks("disk")
    assert first.find("./source").get("file") == "/srv/images/g.qcow2"  # type: ignore[union-attr]
    assert second.find("./source").get("file") == "/srv/images/g-1.qcow2"  # type: ignore[union-attr]
    assert f"The disk is an overlay on the image some.qcow2, which is kept in /srv/images/{BASE}" in made.plan.notes
    assert made.seed is not None, "as with --cloud-init"
    labels = [step.label for step in made.plan.steps]
    assert labels.index(obtain.label) < labels.index(make.label)
    assert cache.tags() == [], "a plan makes nothing"


def test_a_pool_is_made_for_the_base(place: Host, plan: Plan) -> None:
    made = plan(place)
    pools = [step for step in made.plan.steps if isinstance(step, MakePool)]
    assert [pool.pool.name for pool in pools] == ["default"]
    obtain, make = steps(made)
    assert obtain.base.pool == make.volume.pool == "default"
    assert obtain.base.path == f"/var/lib/libvirt/images/{BASE}"
    assert make.volume.capacity == 20 * GIB, "the size that the profile recommends"
    assert make.option == ""


def test_without_a_recommended_size_the_disk_is_as_large_as_the_image(place: Host, plan: Plan) -> None:
    _, make = steps(plan(place, osinfo=OsinfoRequest("generic")))
    assert make.volume.capacity == 0


@pytest.mark.parametrize(("disk", "capacity", "size"), [
    ("pool=images", 3 * GIB, 3 * GIB), ("pool=images,size=4", 3 * GIB, 4 * GIB), ("pool=images", None, 0),
])  # fmt: skip
def test_sizes(disk: str, capacity: int | None, size: int, place: Host, plan: Plan) -> None:
    if capacity:
        have_base(place, capacity)
    obtain, make = steps(plan(place, disk))
    assert obtain.base.capacity == capacity
    assert make.volume.capacity == size
    assert obtain.label.startswith("Using the cached" if capacity else "Fetching")


def test_a_disk_that_is_too_small_is_refused_as_soon_as_that_is_known(place: Host, plan: Plan) -> None:
    plan(place, "pool=images,size=2")
    have_base(place, 3 * GIB)
    with pytest.raises(UsageError, match="--disk size=2: the image has 3 GiB and cannot be shrunk") as failure:
        plan(place, "pool=images,size=2")
    assert failure.value.hint == "give at least size=3, or omit size="


@pytest.mark.parametrize(("disk", "why"), [
    ("pool=images,format=raw", "format=raw: an overlay on an image must be qcow2"),
    ("pool=images,sparse=no", "sparse=no: an overlay on an image cannot be allocated"),
    ("pool=images,format=luks,encryption.password_file=/dev/null", "encrypted disk|password"),
])  # fmt: skip
def test_what_an_overlay_cannot_be(disk: str, why: str, place: Host, plan: Plan) -> None:
    with pytest.raises(UsageError, match=why):
        plan(place, disk)


def test_a_copy_can_have_another_format(place: Host, plan: Plan) -> None:
    _, make = steps(plan(place, "pool=images,format=raw,size=5", copies=True))
    assert (make.volume.format, make.volume.name) == ("raw", "g.img")
    assert make.label == "Creating volume g.img, a copy of the image"


def test_a_guest_without_a_seed(place: Host, plan: Plan) -> None:
    assert plan(place, "pool=images", refused=("cloud-init",)).seed is None


def test_a_host_without_files(place: Host, plan: Plan) -> None:
    place.storage.create_pool(
        "<pool type='logical'><name>default</name><source><name>vg</name></source>"
        "<target><path>/dev/vg</path></target></pool>"
    )
    with pytest.raises(HostError, match="storage pool 'default' of type logical cannot hold the image"):
        plan(place, "pool=default,size=5", copies=True)


def test_a_pool_for_the_base_that_is_off(place: Host, plan: Plan) -> None:
    place.storage.create_pool(
        "<pool type='logical'><name>vg</name><source><name>vg</name></source>"
        "<target><path>/dev/vg</path></target></pool>"
    )
    place.storage.create_pool("<pool type='dir'><name>default</name><target><path>/srv/off</path></target></pool>")
    place._link.conn.storagePoolLookupByName("default").destroy()
    with pytest.raises(HostError, match="storage pool 'default' is not active") as failure:
        plan(place, "pool=vg,size=5", copies=True)
    assert failure.value.hint == "start it with `virsh pool-start default`"


def test_an_image_without_further_words_lets_its_user_in(
    plan: Plan, recorded: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed is the one that README.md promises, not that of a bare --cloud-init with a password of root."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(UsageError, match="nobody could log in"):
        plan(recorded, "pool=images,size=4", no_login=False)
    (tmp_path / ".ssh").mkdir()
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB me@here"
    (tmp_path / ".ssh/id_ed25519.pub").write_text(key)
    made = plan(recorded, "pool=images,size=4", no_login=False)
    assert made.seed is not None and made.login is not None
    assert made.seed.password == "" and made.seed.request.login_keys == (key,) and made.seed.request.host_key
    assert not made.seed.request.disable and made.login.user == "debian"
