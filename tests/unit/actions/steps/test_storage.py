"""Steps that really change a host, and their undo."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.run.plan import Plan, Step, World, apply
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Create, Define, Redefine, Replace, SetAutostart, Start
from virtprov.guest.disks.volumes import NewPool, NewVolume
from virtprov.host.connection import Host
from virtprov.host.failures import NotSupported
from virtprov.host.info import GuestInfo
from virtprov.support.errors import HostError

Look = Callable[[Host], dict[str, list[str]]]
Around = Callable[[Any], World]

NEW = """<domain type='test'><name>new</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f0{}</uuid><memory>65536</memory>
<os><type>hvm</type>{}</os><devices/></domain>"""
VOLUME = NewVolume("images", "new.qcow2", "/srv/images/new.qcow2", "qcow2", 1024**3, 0)


@pytest.mark.parametrize(
    ("step", "what", "there"),
    [
        (storage.MakePool(NewPool("more", "/srv/more")), "pool more", []),
        (storage.MakeVolume(VOLUME), "pool images", ["base.qcow2", "new.qcow2"]),
        (Define("new", NEW.format(1, "")), "guests", ["new shut off", "web running"]),
        (Create("new", NEW.format(1, "")), "guests", ["new running", "web running"]),
    ],
)
def test_steps_change_and_their_undo_changes_back(
    step: Step, what: str, there: list[str], place: Host, world_of: Around, listed: Look
) -> None:
    before = listed(place)
    undo = step.do(world_of(place))
    assert listed(place)[what] == there
    assert undo is not None
    undo()
    assert listed(place) == before


def test_starting_is_undone_by_stopping(place: Host, world_of: Around, listed: Look) -> None:
    place.define_guest(NEW.format(1, ""))
    undo = Start("new").do(world_of(place))
    assert listed(place)["guests"] == ["new running", "web running"]
    assert undo is not None
    undo()
    assert listed(place)["guests"] == ["new shut off", "web running"]


def test_a_pool_starts_with_the_host(place: Host, world_of: Around) -> None:
    storage.MakePool(NewPool("more", "/srv/more")).do(world_of(place))
    pool = place.pool("more")
    assert pool is not None and pool.active and pool.path == "/srv/more"


def test_a_volume_outside_of_pools_leaves_no_pool_behind(
    place: Host, world_of: Around, listed: Look, tmp_path: Path
) -> None:
    before = listed(place)
    volume = NewVolume("", "new.img", str(tmp_path / "new.img"), "raw", 1024**2, 0)
    undo = storage.MakeVolume(volume).do(world_of(place))
    assert listed(place) == before
    assert undo is not None
    undo()
    assert listed(place) == before


def test_a_volume_in_a_directory_that_a_pool_holds_by_now(place: Host, world_of: Around) -> None:
    storage.MakeVolume(VOLUME._replace(pool="")).do(world_of(place))
    assert place.volume("images", "new.qcow2") is not None


def test_a_pool_that_is_off_is_said(recorded: Host, world_of: Around) -> None:
    volume = NewVolume("", "new.img", "/srv/attic/new.img", "raw", 1024**2, 0)
    with pytest.raises(HostError, match="'attic' over /srv/attic is not active") as caught:
        storage.MakeVolume(volume).do(world_of(recorded))
    assert "virsh pool-start attic" in caught.value.hint


class Uploading:
    """The test driver cannot take data; this stands in for a host that can, or that breaks off."""

    def __init__(self, host: Host, fails: bool = False) -> None:
        self.host, self.fails = host, fails
        self.data = b""
        self.capacity: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.host, name)

    def upload_volume(self, pool: str, name: str, source: io.BytesIO | str, **settings: object) -> None:
        if self.fails:
            raise HostError("the connection broke")
        self.data = Path(source).read_bytes() if isinstance(source, str) else source.read()

    def resize_volume(self, pool: str, name: str, capacity: int) -> None:
        self.capacity = capacity


def test_a_seed_is_made_and_filled(place: Host, world_of: Around, listed: Look) -> None:
    before, host = listed(place), Uploading(place)
    undo = storage.WriteSeed("images", "new-seed.iso", b"x" * 4096).do(world_of(host))
    volume = place.volume("images", "new-seed.iso")
    assert volume is not None and volume.capacity == 4096
    assert host.data == b"x" * 4096
    assert undo is not None
    undo()
    assert listed(place) == before


def test_a_seed_that_cannot_be_filled_is_gone(place: Host, world_of: Around, listed: Look) -> None:
    before = listed(place)
    with pytest.raises(HostError, match="broke"):
        storage.WriteSeed("images", "new-seed.iso", b"x").do(world_of(Uploading(place, fails=True)))
    assert listed(place) == before


@pytest.mark.parametrize(("capacity", "grown"), [(4096, None), (1024**3, 1024**3)])
def test_a_file_of_this_machine_fills_a_volume(
    capacity: int, grown: int | None, place: Host, world_of: Around, listed: Look, tmp_path: Path
) -> None:
    (tmp_path / "disk.qcow2").write_bytes(b"x" * 4096)
    volume = VOLUME._replace(capacity=capacity, upload=str(tmp_path / "disk.qcow2"))
    before, host = listed(place), Uploading(place)
    undo = storage.MakeVolume(volume).do(world_of(host))
    made = place.volume("images", "new.qcow2")
    assert made is not None and (made.capacity, made.format, made.allocation) == (4096, "raw", 0)
    assert (host.data, host.capacity) == (b"x" * 4096, grown)
    assert undo is not None
    undo()
    assert listed(place) == before


def test_an_upload_that_breaks_off_leaves_no_volume(
    place: Host, world_of: Around, listed: Look, tmp_path: Path
) -> None:
    (tmp_path / "disk.img").write_bytes(b"x")
    before = listed(place)
    with pytest.raises(HostError, match="broke"):
        volume = VOLUME._replace(upload=str(tmp_path / "disk.img"))
        storage.MakeVolume(volume).do(world_of(Uploading(place, fails=True)))
    assert listed(place) == before


def test_the_real_driver_says_what_it_cannot(place: Host, world_of: Around, listed: Look) -> None:
    before = listed(place)
    with pytest.raises(HostError, match=r"cannot upload to the volume 'new-seed\.iso'"):
        storage.WriteSeed("images", "new-seed.iso", b"x").do(world_of(place))
    assert listed(place) == before


def test_another_definition_is_undone_by_the_one_before(place: Host, world_of: Around) -> None:
    place.define_guest(NEW.format(1, ""))
    undo = Redefine("new", NEW.format(1, "").replace("65536", "131072")).do(world_of(place))
    assert "131072" in place.guest_xml("new")
    assert undo is not None
    undo()
    assert "65536" in place.guest_xml("new")


def test_a_guest_starts_with_its_host(place: Host, world_of: Around) -> None:
    undo = SetAutostart("web", True).do(world_of(place))
    assert place.autostart("web") and undo is not None
    undo()
    assert not place.autostart("web")


@pytest.mark.parametrize("running", [True, False])
def test_a_guest_of_the_same_name_makes_room(
    running: bool, place: Host, world_of: Around, listed: Look, told: Any
) -> None:
    if not running:
        place.destroy_guest("web")
    before = listed(place)
    undo = Replace("web").do(world_of(place))
    assert listed(place)["guests"] == ["web.replaced-9f3b1f0a shut off"]
    assert undo is not None
    undo()
    assert listed(place) == before
    assert told.warned == []


def test_a_guest_that_cannot_be_renamed_is_defined_again(
    place: Host, world_of: Around, listed: Look, told: Any
) -> None:
    class Stiff:
        def __getattr__(self, name: str) -> Any:
            return getattr(place, name)

        def rename_guest(self, key: str, name: str) -> None:
            raise NotSupported("this driver renames nothing")

    before = listed(place)
    undo = Replace("web").do(world_of(Stiff()))
    assert listed(place)["guests"] == []
    assert undo is not None
    undo()
    assert listed(place) == before
    assert told.warned == ["'web' is back as it was defined; its snapshots and firmware variables are not"]


def test_a_guest_that_cannot_be_put_aside_runs_on(place: Host, world_of: Around, listed: Look) -> None:
    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(place, name)

        def rename_guest(self, key: str, name: str) -> None:
            raise HostError("no")

    before = listed(place)
    with pytest.raises(HostError, match="no"):
        Replace("web").do(world_of(Refusing()))
    assert listed(place) == before


def test_a_pool_that_somebody_has_made_meanwhile_is_shared(place: Host, world_of: Around, listed: Look) -> None:
    storage.MakePool(NewPool("more", "/srv/more")).do(world_of(place))
    before = listed(place)
    assert storage.MakePool(NewPool("more", "/srv/more/")).do(world_of(place)) is None
    with pytest.raises(HostError, match="more"):
        storage.MakePool(NewPool("more", "/srv/other")).do(world_of(place))
    assert listed(place) == before


def test_a_pool_that_others_use_by_now_is_left_to_them(
    place: Host, world_of: Around, listed: Look, told: Any
) -> None:
    undo = storage.MakePool(NewPool("more", "/srv/more")).do(world_of(place))
    place.create_volume("more", VOLUME.xml())
    assert undo is not None
    undo()
    assert listed(place)["pool more"] == ["new.qcow2"]
    assert told.warned == ["the storage pool 'more' stays: others use it by now"]


def test_the_undo_of_a_guest_leaves_one_that_took_its_name(place: Host, world_of: Around, listed: Look) -> None:
    undo = Define("new", NEW.format(1, "")).do(world_of(place))
    place.undefine_guest("new")
    place.define_guest(NEW.format(2, ""))
    assert undo is not None
    undo()
    assert "new shut off" in listed(place)["guests"]


def test_nobody_has_to_make_room(place: Host, world_of: Around) -> None:
    assert Replace("nobody").do(world_of(place)) is None


class Variables:
    """A host that notes what is to become of UEFI variables; of those in `there` it knows by its pools."""

    driver, is_session, is_alive = "qemu", False, True

    def __init__(self, *, remote: bool = False, there: str = "") -> None:
        self.is_remote = remote
        self.there = there
        self.removed: object = None

    def define_guest(self, xml: str) -> GuestInfo:
        return GuestInfo("new", "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f01", None, "shut off", False, True)

    def guest(self, key: str) -> GuestInfo:
        return self.define_guest("")

    def destroy_guest(self, key: str) -> bool:
        return False

    def volume_at(self, path: str) -> None:
        return None

    def pool_at(self, directory: str) -> None:
        return None

    def create_pool(self, xml: str, **how: object) -> None:
        if "/nowhere" in xml:
            raise HostError("cannot open the folder: No such file or directory")
        if "/secret" in xml:
            raise HostError("cannot open the folder: Permission denied")

    def remove_pool(self, name: str) -> None:
        pass

    def volume(self, pool: str, name: str) -> str | None:
        return name if name == self.there else None

    def undefine_guest(self, name: str, *, nvram: bool, tpm: bool) -> None:
        assert tpm
        self.removed = nvram


@pytest.mark.parametrize(
    ("nvram", "remote", "there", "removed"),
    [
        ("", False, "", True),
        ("<nvram>{}/new_VARS.fd</nvram>", False, "", True),
        ("<nvram>{}/there_VARS.fd</nvram>", False, "", False),  # somebody's from before: it stays
        ("<nvram>{}/new_VARS.fd</nvram>", True, "", True),
        ("<nvram>{}/new_VARS.fd</nvram>", True, "new_VARS.fd", False),
        ("<nvram>/nowhere/new_VARS.fd</nvram>", True, "", True),
        ("<nvram>/secret/new_VARS.fd</nvram>", True, "", False),  # who knows?
        ("<nvram type='network'/>", False, "", False),
        ("<nvram template='/t.fd'/>", False, "", True),
        ("<loader type='pflash'>/t.fd</loader>", True, "new_VARS.fd", False),  # as libvirt names it by itself
        ("<loader type='pflash'>/t.fd</loader>", True, "old_VARS.fd", True),
    ],
)
def test_variables_that_were_there_survive_an_undo(
    nvram: str, remote: bool, there: str, removed: bool, world_of: Around, tmp_path: Path
) -> None:
    (tmp_path / "there_VARS.fd").touch()
    host = Variables(remote=remote, there=there)
    undo = Define("new", NEW.format(1, nvram.format(tmp_path))).do(world_of(host))
    assert undo is not None
    undo()
    assert host.removed is removed


def test_a_plan_that_fails_in_the_end_leaves_nothing(place: Host, world_of: Around, listed: Look) -> None:
    before = listed(place)
    taken = NEW.format(2, "").replace("new", "web")  # another guest of that name
    listed_steps = (
        storage.MakePool(NewPool("more", "/srv/more")),
        storage.MakeVolume(VOLUME._replace(pool="more", path="/srv/more/new.qcow2")),
        storage.MakeVolume(VOLUME),
        Define("new", NEW.format(1, "")),
        Start("new"),
        Define("web", taken),
    )
    with pytest.raises(HostError, match="cannot define the guest 'web'"):
        apply(Plan((), listed_steps), world_of(place))
    assert listed(place) == before


@pytest.mark.parametrize(
    ("step", "label"),
    [
        (storage.MakePool(NewPool("p", "/p")), "Making the storage pool 'p'"),
        (storage.MakeVolume(VOLUME), "Making the volume new.qcow2"),
        (storage.MakeVolume(VOLUME._replace(upload="/a/b.img")), "Uploading b.img to the volume new.qcow2"),
        (storage.WriteSeed("p", "s.iso", b""), "Writing the cloud-init seed s.iso"),
        (Define("g", ""), "Defining the guest 'g'"),
        (Start("g"), "Starting the guest 'g'"),
        (Create("g", ""), "Starting the guest 'g'"),
        (Redefine("g", ""), "Changing the definition of 'g'"),
        (SetAutostart("g", True), "Letting 'g' start with the host"),
        (Replace("g"), "Removing the guest 'g' that is there"),
    ],
)
def test_labels(step: Step, label: str) -> None:
    assert step.label == label
