"""A new seed for a guest that is there: which drive takes it, what becomes of the old one, how it is taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from tests.standin import StandIn
from virtprov.actions.run import leftovers
from virtprov.actions.run.plan import Plan, RunContext, apply
from virtprov.actions.run.trail import FileTrail
from virtprov.actions.run.trail_reader import read_ended_runs
from virtprov.actions.seed import replace
from virtprov.actions.seed.replace import SeedChange, plan_eject, plan_seed
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Redefine
from virtprov.actions.steps.seed_volumes import DeleteSeeds, OldSeed, WriteSeed
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.guest.disks.new.volumes import NewPool
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError, InputError, UsageError
from virtprov.support.file_access import iso
from virtprov.xml import path as places
from virtprov.xml import tree

Around = Callable[[Any], RunContext]

DISK = "<disk type='file' device='disk'><source file='/srv/images/g.qcow2'/><target dev='vda' bus='virtio'/></disk>"
SATA = DISK.replace("vda", "sda").replace("virtio", "sata")
EMPTY = "<disk type='block' device='cdrom'><target dev='sdb' bus='sata'/><readonly/></disk>"
FULL = EMPTY.replace("block", "file").replace("<target", "<source file='/iso/cd.iso'/><target")
OLD = (
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/srv/images/g-seed.iso'/>"
    "<target dev='vdc' bus='virtio'/><readonly/><address type='pci' slot='0x09'/></disk>"
)
OLD_CD = (
    "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='/srv/images/g-seed.iso'/>"
    "<target dev='sda' bus='sata'/><readonly/></disk>"
)
REQUEST = SeedRequest(disable=True)


def guest(devices: str = DISK, *, machine: str = "q35", kind: str = "kvm", name: str = "g", rest: str = "") -> Guest:
    return Guest.parse(
        f"<domain type='{kind}'><name>{name}</name>{rest}<os><type arch='x86_64' machine='{machine}'>hvm</type></os>"
        f"<devices>{devices}</devices></domain>"
    )


def drives(made: Guest) -> list[str]:
    """Each drive of a guest: its kind, target and medium."""
    return [
        " ".join(
            [disk.get("device", ""), places.text(disk, "./target/@dev"), DiskSource.of(disk).medium.rpartition("/")[2]]
        ).strip()
        for disk in made.disks()
    ]


@contextmanager
def holding(*volumes: str) -> Iterator[Host]:
    """A host of libvirt's test driver whose pool `images` has these volumes, and whose guest `g` runs."""
    inside = "".join(
        f"<volume type='file'><name>{name}</name><capacity>1</capacity><target><path>/srv/images/{name}</path></target>"
        "</volume>"
        for name in volumes
    )
    pool = f"<pool type='dir'><name>images</name><target><path>/srv/images</path></target>{inside}</pool>"
    made = (
        "<domain type='test'><name>g</name><memory>65536</memory><os><type>hvm</type></os>"
        f"<devices>{DISK}{OLD_CD}</devices></domain>"
    )
    with connect(f"test:///{written(pool + made)}") as host:
        yield host


_FOLDERS: list[Path] = []


def written(inside: str) -> str:
    path = _FOLDERS[-1] / f"host-{len(list(_FOLDERS[-1].iterdir()))}.xml"
    path.write_text(f"<node>{inside}</node>")
    return str(path).lstrip("/")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[None]:
    """Where the hosts of a test are written."""
    _FOLDERS.append(tmp_path)
    yield
    _FOLDERS.pop()


# -- which drive ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "after"),
    [
        (guest(), ["disk vda g.qcow2", "disk vdb g-seed.iso"]),
        (guest(DISK + EMPTY), ["disk vda g.qcow2", "cdrom sdb", "disk vdb g-seed.iso"]),  # its kernel may lack AHCI
        (guest(SATA + EMPTY), ["disk sda g.qcow2", "cdrom sdb g-seed.iso"]),
        (guest(SATA), ["disk sda g.qcow2", "cdrom sdb g-seed.iso"]),
        (guest(SATA + FULL), ["disk sda g.qcow2", "cdrom sdb cd.iso", "cdrom sdc g-seed.iso"]),
        (guest("", machine="pc"), ["cdrom hda g-seed.iso"]),
    ],
)
def test_the_drive_suits_the_guest(made: Guest, after: list[str], recorded: Host) -> None:
    before = made.text()
    changed = plan_seed(made, recorded, REQUEST)
    assert drives(changed.guest) == after
    assert made.text() == before
    assert changed.seed is not None and changed.seed.target == after[-1].split()[1]


def test_the_empty_drive_is_filled_as_qemu_wants_it(recorded: Host) -> None:
    changed = plan_seed(guest(SATA + EMPTY), recorded, REQUEST)
    (drive,), (before,) = changed.elements, changed.before
    assert drive.get("type") == "file" and before.get("type") == "block"
    assert [tree.local_name(part) for part in tree.children(drive)] == ["driver", "source", "target", "readonly"]
    assert places.text(drive, "./driver/@type") == "raw"


def test_the_machine_is_not_told_about_it(recorded: Host) -> None:
    assert not plan_seed(guest(), recorded, REQUEST).guest.has("./sysinfo")


# -- in place of an old one ----------------------------------------------------------------------


@pytest.mark.parametrize("drive", [OLD, OLD_CD], ids=["disk", "cdrom"])
def test_the_old_seeds_drive_takes_the_new_one(drive: str) -> None:
    with holding("g-seed.iso", "g.qcow2") as host:
        changed = plan_seed(guest(DISK + drive), host, REQUEST)
    assert changed.seed is not None and changed.seed.path == "/srv/images/g-seed-1.iso"
    was = tree.to_text(changed.before[0])
    assert tree.same(changed.elements[0], tree.parse(was.replace("g-seed.iso", "g-seed-1.iso")))
    assert len(changed.guest.disks()) == 2
    assert changed.old == (OldSeed("images", "g-seed.iso", "/srv/images/g-seed.iso"),)
    (step,) = changed.steps
    assert isinstance(step, WriteSeed) and step.name == "g-seed-1.iso"


def test_names_take_turns() -> None:
    with holding("g-seed-1.iso") as host:
        changed = plan_seed(guest(OLD.replace("g-seed", "g-seed-1")), host, REQUEST)
    assert changed.seed is not None and changed.seed.volume == "g-seed.iso"
    assert [old.volume for old in changed.old] == ["g-seed-1.iso"]


def test_of_several_old_seeds_none_is_left() -> None:
    more = OLD.replace("g-seed", "g-seed-2").replace("vdc", "vdd"), OLD_CD.replace("g-seed", "g-seed-1")
    with holding("g-seed.iso", "g-seed-1.iso", "g-seed-2.iso") as host:
        changed = plan_seed(guest(DISK + OLD + "".join(more)), host, REQUEST)
    assert drives(changed.guest) == ["disk vda g.qcow2", "disk vdc g-seed-3.iso", "cdrom sda"]
    assert {old.volume for old in changed.old} == {"g-seed.iso", "g-seed-1.iso", "g-seed-2.iso"}


def test_a_seed_named_by_its_volume_is_known() -> None:
    named = OLD.replace("type='file'", "type='volume'").replace(
        "file='/srv/images/g-seed.iso'", "pool='images' volume='g-seed.iso'"
    )
    with holding("g-seed.iso") as host:
        changed = plan_seed(guest(named), host, REQUEST)
    assert [old.path for old in changed.old] == ["/srv/images/g-seed.iso"]
    assert changed.seed is not None and changed.seed.pool == "images"
    assert changed.elements[0].get("type") == "file"


@pytest.mark.parametrize(
    ("medium", "ours"),
    [
        ("/srv/images/g-seed.iso", True),
        ("/srv/images/g-seed-12.iso", True),
        ("/srv/images/g-seed-.iso", False),
        ("/srv/images/g-seed-x.iso", False),
        ("/srv/images/g-seedling.iso", False),
        ("/srv/images/g-seed.img", False),
        ("/srv/images/bag-seed.iso", False),
        ("/srv/images/g-seed-1-seed.iso", False),
        ("/srv/g-seed.iso/disk.img", False),
    ],
)
def test_seeds_are_known_by_their_names(medium: str, ours: bool) -> None:
    made = guest(OLD.replace("/srv/images/g-seed.iso", medium))
    assert bool(replace.drives(made)) is ours


# -- what is in it -------------------------------------------------------------------------------


def contents(changed: SeedChange, name: str) -> str:
    from io import BytesIO

    step = changed.steps[-1]
    assert isinstance(step, WriteSeed)
    return iso.read_files(BytesIO(step.data), [name])[name].decode()


def test_each_seed_has_an_id_of_its_own_and_the_guests_name(recorded: Host) -> None:
    first, second = (plan_seed(guest(name="Web_1"), recorded, REQUEST) for _ in range(2))
    assert first.seed is not None and second.seed is not None
    assert first.seed.instance_id != second.seed.instance_id
    assert f"instance-id: {first.seed.instance_id}" in contents(first, "meta-data")
    assert "local-hostname: web-1" in contents(first, "meta-data")


def test_an_id_that_the_meta_data_say_is_warned_of(recorded: Host) -> None:
    changed = plan_seed(guest(), recorded, SeedRequest(meta_data="instance-id: mine\nlocal-hostname: there\n"))
    assert changed.seed is not None and changed.seed.instance_id == "mine"
    assert any("'instance-id: mine'" in warning for warning in changed.warnings)
    assert plan_seed(guest(), recorded, REQUEST).warnings == ()


def test_a_password_is_made_once(recorded: Host) -> None:
    changed = plan_seed(guest(), recorded, SeedRequest(root_password_generate=True))
    assert len(changed.password) == 16 and changed.password not in contents(changed, "user-data")
    only_shown = plan_seed(guest(), recorded, SeedRequest(root_password_generate=True), build=False)
    assert (only_shown.password, only_shown.seed and only_shown.seed.instance_id) == ("", "")


def test_it_says_when_it_takes_effect(recorded: Host) -> None:
    (note,) = plan_seed(guest(), recorded, REQUEST).notes
    assert (
        "cloud-init seed g-seed.iso is attached as drive vdb of 'g': it takes effect at the next boot after "
        "power-off, if cloud-init is installed and enabled in the guest"
    ) in note and "next boot" in note


def test_another_seed_is_warned_of(recorded: Host) -> None:
    other = OLD.replace("/srv/images/g-seed.iso", "/home/joe/my-seed.iso")
    (warning,) = plan_seed(guest(DISK + other), recorded, REQUEST).warnings
    assert (
        "drive vdc contains /home/joe/my-seed.iso, which looks like another seed: cloud-init may use that one"
        in warning
    )


# -- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (SeedRequest(user_data="/nowhere/user-data"), "/nowhere/user-data"),
        (SeedRequest(user_data="#cloud-config\nusers: [a\nb: c\n"), "invalid YAML"),
    ],
)
@pytest.mark.parametrize("build", [True, False])
def test_documents_that_cannot_be_used(request_: SeedRequest, message: str, build: bool, recorded: Host) -> None:
    with pytest.raises(InputError, match=message):
        plan_seed(guest(), recorded, request_, build=build)


def test_containers_are_refused(recorded: Host) -> None:
    container = Guest.parse("<domain type='lxc'><name>c</name><os><type>exe</type></os><devices/></domain>")
    with pytest.raises(UsageError, match="'c' is a container"):
        plan_seed(container, recorded, REQUEST)


def test_without_a_pool_the_default_one_is_made(recorded: Host) -> None:
    changed = plan_seed(guest(""), recorded, REQUEST)
    assert changed.steps[0] == storage.MakePool(NewPool("default", "/var/lib/libvirt/images"))


# -- taking it out -------------------------------------------------------------------------------


@pytest.mark.parametrize(("drive", "after"), [(OLD, ["disk vda g.qcow2"]), (OLD_CD, ["disk vda g.qcow2", "cdrom sda"])])
def test_a_disk_goes_and_a_cdrom_drive_stays_empty(drive: str, after: list[str]) -> None:
    with holding("g-seed.iso") as host:
        changed = plan_eject(guest(DISK + drive), host)
    assert drives(changed.guest) == after
    assert [old.volume for old in changed.old] == ["g-seed.iso"]
    assert (len(changed.before), len(changed.elements), changed.steps) == (1, len(after) - 1, ())


def test_without_a_seed_nothing_changes(recorded: Host) -> None:
    made = guest()
    changed = plan_eject(made, recorded)
    assert (changed.guest.text(), changed.before, changed.old) == (made.text(), (), ())


def test_a_seed_that_is_gone_already_is_nothing_to_delete(recorded: Host) -> None:
    changed = plan_eject(guest(OLD), recorded)
    assert (drives(changed.guest), changed.old) == ([], ())


@pytest.mark.parametrize(
    ("stored", "running", "live", "message"),
    [
        (DISK, None, False, "no drive of 'g' contains a seed created by virtprov"),
        (DISK, DISK, True, "no drive of 'g' contains a seed created by virtprov"),
        (DISK, OLD, False, "only the running guest 'g'"),
        (DISK, OLD, True, ""),
        (OLD, DISK, False, ""),
        (OLD, None, False, ""),
    ],
)
def test_nothing_to_take_out_is_refused(stored: str, running: str | None, live: bool, message: str) -> None:
    def check() -> None:
        replace.check_eject(guest(stored), None if running is None else guest(running), live=live)

    if not message:
        check()
        return
    with pytest.raises(UsageError, match=message):
        check()


# -- what is done --------------------------------------------------------------------------------


class Contents(StandIn):
    """A host of the test driver with what it lacks: the contents of its volumes."""

    def __init__(self, host: Host, contents: dict[str, bytes]) -> None:
        self.real, self.contents = host, contents

    def storage_upload_volume(self, pool: str, name: str, source: BinaryIO, *, progress: Any = None) -> None:
        self.contents[name] = source.read()

    def storage_download_volume(self, pool: str, name: str, sink: BinaryIO) -> None:
        sink.write(self.contents[name])

    @property
    def seeds(self) -> list[str]:
        return [name for name in self.real.storage.volume_names("images") if name.endswith(".iso")]


SEED = iso.build_iso({"user-data": b"old"}, "cidata")


def defined(made: Contents, changed: SeedChange) -> Plan:
    return Plan((), (*changed.steps, Redefine("g", changed.guest.text()), DeleteSeeds(changed.old)))


def stored(host: Contents) -> Guest:
    return Guest.parse(host.guests.xml("g", inactive=True))


def off(host: Contents) -> Contents:
    host.guests.destroy("g")
    return host


def test_a_new_seed_replaces_the_old_one(context_of: Around, told: Any) -> None:
    with holding("g-seed.iso") as host:
        there = off(Contents(host, {"g-seed.iso": SEED}))
        changed = plan_seed(stored(there), host, REQUEST)
        apply(defined(there, changed), context_of(there))
        assert there.seeds == ["g-seed-1.iso"]
        assert drives(stored(there)) == ["disk vda g.qcow2", "cdrom sda g-seed-1.iso"]
        assert iso.is_ours(there.contents["g-seed-1.iso"]) and told.warned == []


class Fails:
    """A step that does not work."""

    label = "Failing"

    def do(self, context: RunContext) -> None:
        raise HostError("no")


def test_undone_all_is_as_it_was(context_of: Around, told: Any) -> None:
    with holding("g-seed.iso") as host:
        there = off(Contents(host, {"g-seed.iso": SEED}))
        before = host.guests.xml("g", inactive=True)
        plan = defined(there, plan_seed(stored(there), host, REQUEST))
        with pytest.raises(HostError):
            apply(plan._replace(steps=(*plan.steps, cast(Any, Fails()))), context_of(there))
        assert host.guests.xml("g", inactive=True) == before
        assert there.seeds == ["g-seed.iso"] and there.contents["g-seed.iso"] == SEED
        assert told.warned == []


def test_a_killed_run_gets_the_deleted_seed_back(context_of: Around, home: Path) -> None:
    with holding("g-seed.iso") as host:
        there = off(Contents(host, {"g-seed.iso": SEED}))
        before = host.guests.xml("g", inactive=True)
        plan = defined(there, plan_seed(stored(there), host, REQUEST))
        context = context_of(there)
        context.trail = recovery = FileTrail("virtprov-xml", host, pytest.fail)
        for step in plan.steps:
            step.do(context)
        recovery.let_go()
        assert there.seeds == ["g-seed-1.iso"]
        ((run, log),) = read_ended_runs([])
        found = leftovers.look(run, cast(Any, there))
        assert [each.artifact.kind for each in found] == ["definition", "deleted", "volume"]
        outcomes = leftovers.remove(run, cast(Any, there), found, lambda found: True)
        log.remove()
        assert all(each.settled for each in outcomes)
        assert host.guests.xml("g", inactive=True) == before
        assert there.seeds == ["g-seed.iso"] and there.contents["g-seed.iso"] == SEED


def test_a_seed_of_a_guest_that_runs_stays_until_it_is_out(context_of: Around, told: Any) -> None:
    with holding("g-seed.iso") as host:
        there = Contents(host, {"g-seed.iso": SEED})
        held = OldSeed("images", "g-seed.iso", "/srv/images/g-seed.iso")
        assert DeleteSeeds((held,)).do(context_of(there)) is None
        assert there.seeds == ["g-seed.iso"]
        (warning,) = told.warned
        assert warning.startswith("'g' still uses seed g-seed.iso, so it is kept: ")
        assert (
            "seed g-seed.iso, so it is kept: when it is no longer in use, delete it with `virsh vol-delete "
            "g-seed.iso --pool images`"
        ) in warning


def test_a_seed_that_a_clone_has_as_well_stays(context_of: Around, told: Any) -> None:
    with holding("g-seed.iso") as host:
        there = off(Contents(host, {"g-seed.iso": SEED}))
        twin = stored(there)
        twin.put("./name", "twin")
        twin.put("./uuid", None)
        host.guests.define(twin.text())
        apply(defined(there, plan_eject(stored(there), host)), context_of(there))
        assert there.seeds == ["g-seed.iso"]
    assert told.warned[0].startswith("'twin' still uses seed g-seed.iso")


@pytest.mark.parametrize(
    ("content", "left", "message"),
    [
        (SEED, [], ""),
        (b"\0" * 32768 + b"\1CD001" + b" " * 2048, ["g-seed.iso"], "was not created by virtprov, so it is kept"),
        (b"", ["g-seed.iso"], "was not created by virtprov, so it is kept"),
    ],
)
def test_only_seeds_of_our_own_are_deleted(
    content: bytes, left: list[str], message: str, context_of: Around, told: Any
) -> None:
    with holding("g-seed.iso") as host:
        there = off(Contents(host, {"g-seed.iso": content}))
        changed = plan_eject(stored(there), host)
        apply(defined(there, changed), context_of(there))
        assert there.seeds == left and drives(stored(there)) == ["disk vda g.qcow2", "cdrom sda"]
        assert [message in warning for warning in told.warned] == [True] * len(left)


def test_what_cannot_be_deleted_is_said(context_of: Around, told: Any) -> None:
    with holding("g-seed.iso") as host:  # the driver itself cannot hand out contents
        assert DeleteSeeds((OldSeed("images", "g-seed.iso", "/nowhere"),)).do(context_of(host)) is None
    assert told.warned[0].startswith("could not delete seed g-seed.iso from pool 'images'")


OS = (
    "<metadata><libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>"
    "<libosinfo:os id='{}'/></libosinfo:libosinfo></metadata>"
)


def test_a_script_for_windows_is_taken_for_a_windows_guest(recorded: Host) -> None:
    request = SeedRequest(user_data="#ps1_sysnative\nGet-Date\n")
    windows = guest(rest=OS.format("http://microsoft.com/win/10"))
    warnings = plan_seed(windows, recorded, request, build=False).warnings
    assert any("which cloudbase-init reads; cloud-init would ignore it" in warning for warning in warnings)
    with pytest.raises(InputError, match="a script for Windows"):
        plan_seed(guest(rest=OS.format("http://debian.org/debian/12")), recorded, request, build=False)
