"""The identity inside a clone: kept or renewed, by which means, and what the documents and steps are."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.clone import draft
from virtprov.actions.clone.draft import ClonePlan
from virtprov.actions.request import CloneRequest
from virtprov.actions.run.plan import RunContext, apply
from virtprov.actions.seed import login
from virtprov.actions.steps.known_hosts import KeepHostKey
from virtprov.actions.steps.seed_volumes import WriteSeed
from virtprov.cloudinit.seed_request import KEEP, SeedRequest
from virtprov.guest.document import Guest
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, UsageError
from virtprov.support.file_access import iso
from virtprov.support.terminal.progress import Progress
from virtprov.xml import path, tree

OLD_MAC = "52:54:00:aa:bb:01"
DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/images/web.qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk>"
)
SEED = (
    "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{}'/>"
    "<target dev='sda' bus='sata'/><readonly/></disk>"
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMOzY1v7Cm4Qd5qGg4Tz6yoYwKKGVfJj8nTQ0mJ0m9Qh me"


def document(os_id: str = "", *, more: str = "", disk: str = DISK, machine: str = "q35", arch: str = "x86_64") -> bytes:
    space = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
    meta = f"<metadata><o:libosinfo xmlns:o='{space}'><o:os id='{os_id}'/></o:libosinfo></metadata>" if os_id else ""
    return f"""<domain type='kvm'><name>one</name><uuid>5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e6f</uuid>{meta}
<memory>65536</memory><os><type arch='{arch}' machine='{machine}'>hvm</type></os><devices>{disk}{more}
<interface type='network'><mac address='{OLD_MAC}'/><source network='default'/></interface>
</devices></domain>""".encode()


def plan(host: Host, text: bytes, **how: Any) -> ClonePlan:
    return draft.plan(CloneRequest(document=text, name="two", auto=True, **how), host)


def seed_documents(made: ClonePlan) -> dict[str, str]:
    """The documents in the seed that a plan writes."""
    (step,) = [step for step in made.plan.steps if isinstance(step, WriteSeed)]
    names = ("user-data", "meta-data", "network-config")
    return {name: data.decode() for name, data in iso.read_files(BytesIO(step.data), names).items()}


MARKED = document().replace(
    b"<memory>",
    b"<metadata><v:guest xmlns:v='urn:virtprov:guest:1.0' cloud-init='yes'/></metadata><memory>",
)
DEBIAN, RHEL = "http://debian.org/debian/12", "http://redhat.com/rhel/9.4"


@pytest.mark.parametrize(
    ("text", "how", "identity", "why"),
    [
        (document(DEBIAN), {}, "new", "images of Debian 12 have cloud-init"),
        (document(DEBIAN), {"identity": "keep"}, "keep", "--identity keep"),
        (document(DEBIAN, disk=""), {}, "keep", "it has no disk of its own"),
        (document(DEBIAN), {"skip": frozenset(["vda"])}, "keep", "it has no disk of its own"),
        (document("http://debian.org/debian/8"), {}, "keep", "nothing shows that the guest has cloud-init"),
        (document("http://microsoft.com/win/11"), {}, "keep", "nothing shows that the guest has cloud-init"),
        (document(), {}, "keep", "nothing shows that the guest has cloud-init"),
        (document(), {"identity": "new"}, "new", "--identity new"),
        (
            document(more=SEED.format("/srv/images/one-seed.iso")),
            {},
            "new",
            "the original has or had a cloud-init seed",
        ),
        (document(more=SEED.format("/srv/mine/cidata.iso")), {}, "new", "the original has or had a cloud-init seed"),
        (MARKED, {}, "new", "the original has or had a cloud-init seed"),
        (document(more=SEED.format("/srv/mine/tools.iso")), {}, "keep", "nothing shows that the guest has cloud-init"),
        (document(), {"seed": SeedRequest()}, "new", "--cloud-init, --hostname or --ssh-key"),
    ],
)
def test_what_is_chosen(kvm: Host, text: bytes, how: dict[str, Any], identity: str, why: str) -> None:
    inside = plan(kvm, text, **how).inside
    assert (inside.identity, inside.why) == (identity, why)
    assert inside.means == ("cloud-init" if identity == "new" else "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (document("http://microsoft.com/win/11"), "'one' .*Windows 11.* cannot be renewed from outside"),
        (document(RHEL, machine="s390-ccw-virtio", arch="s390x"), "the machine of 'two' has no fw_cfg"),
    ],
)
def test_what_cannot_be_renewed(kvm: Host, text: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan(kvm, text, identity="new")


def test_what_an_exact_copy_still_contains(kvm: Host) -> None:
    (note,) = [note for note in plan(kvm, document()).plan.notes if "still contains" in note]
    assert "virt-sysprep -d two --hostname two" in note
    (note,) = [note for note in plan(kvm, document("http://microsoft.com/win/11")).plan.notes if "still" in note]
    assert "SID" in note and r"System32\Sysprep\sysprep.exe /generalize" in note and "virt-sysprep" not in note


def test_the_seed_is_for_the_clone_alone(kvm: Host) -> None:
    made = plan(kvm, document(DEBIAN), seed=SeedRequest(hostname="shop"))
    files, (mac,) = seed_documents(made), made.macs
    assert "local-hostname: shop" in files["meta-data"] and "instance-id: iid-" in files["meta-data"]
    assert mac in files["network-config"] and OLD_MAC not in files["network-config"]
    assert f"s/{OLD_MAC}/{mac}/Ig" in files["user-data"]
    again = seed_documents(plan(kvm, document(DEBIAN), seed=SeedRequest(hostname="shop")))
    assert again["meta-data"] != files["meta-data"]


def kept_key(made: ClonePlan) -> KeepHostKey | None:
    return next((step for step in made.plan.steps if isinstance(step, KeepHostKey)), None)


def test_the_host_key_is_known_before_the_first_boot(kvm: Host) -> None:
    made = plan(kvm, document(DEBIAN))
    step = kept_key(made)
    assert step is not None and step.path == login.known_hosts_path(made.uuid)
    assert '"user": "debian"' in step.text
    (public,) = [line for line in step.text.splitlines() if line.startswith(f"{made.uuid} ssh-ed25519 ")]
    user_data = seed_documents(made)["user-data"]
    assert public.split()[2] in user_data and "BEGIN OPENSSH PRIVATE KEY" in user_data
    assert kept_key(plan(kvm, document(DEBIAN))) != step


def test_the_user_who_logs_in_is_that_of_the_original(
    kvm: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    known = Path(login.known_hosts_path("5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e6f"))
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text(login.known_hosts_text(login.Login("ann", known.name, identity="/home/ann/key"), ""))
    step = kept_key(plan(kvm, document(DEBIAN)))
    assert step is not None and '"user": "ann"' in step.text and "/home/ann/key" in step.text
    for name in ("lab", "lab.pub"):
        (tmp_path / name).write_text(KEY)
    step = kept_key(plan(kvm, document(DEBIAN), seed=SeedRequest(ssh_key=(f"{tmp_path}/lab.pub",))))
    assert step is not None and f'"{tmp_path}/lab"' in step.text
    step = kept_key(plan(kvm, document(DEBIAN), seed=SeedRequest(user="bob")))
    assert step is not None and '"user": "bob"' in step.text


def test_clones_that_make_their_own_host_key(kvm: Host, tmp_path: Path) -> None:
    own = tmp_path / "user-data"
    own.write_text("#cloud-config\n{}\n")
    assert kept_key(plan(kvm, document(DEBIAN), seed=SeedRequest(user_data=str(own)))) is None
    assert kept_key(plan(kvm, document(DEBIAN), identity="keep")) is None
    assert kept_key(plan(kvm, document("http://freebsd.org/freebsd/13.0"), identity="new")) is None
    assert kept_key(plan(kvm, document(DEBIAN), planning=True)) is None


def test_the_host_name_comes_from_the_name_of_the_clone(kvm: Host) -> None:
    made = draft.plan(CloneRequest(document=document(DEBIAN), name="My_Shop 2", auto=True), kvm)
    assert made.inside.hostname == "my-shop-2" and "local-hostname: my-shop-2" in seed_documents(made)["meta-data"]


def test_a_clone_that_is_not_started_keeps_its_seed(kvm: Host) -> None:
    made = plan(kvm, document(DEBIAN))
    (step,) = [step for step in made.plan.steps if isinstance(step, WriteSeed)]
    assert not step.passing and "/srv/images/two-seed.iso" in made.plan.documents[0]
    assert "r! /etc/cloud/cloud-init.disabled" in made.plan.documents[0]
    assert any("`virtprov-xml two --cloud-init eject" in note for note in made.plan.notes)
    assert "ds=nocloud" not in made.plan.documents[0]


def test_a_clone_that_is_started_loses_its_seed_again(kvm: Host) -> None:
    made = plan(kvm, document(DEBIAN), start=True)
    define, create = made.plan.steps[-2:]
    assert [type(step).__name__ for step in (define, create)] == ["Define", "Create"]
    assert "seed" not in made.plan.documents[0] and "fwcfg" not in made.plan.documents[0]
    first: Any = create
    assert "two-seed.iso" in first.document.text and "ds=nocloud" in first.document.text
    assert made.inside.seed is not None and "two-seed.iso" in made.inside.seed.seed.device
    assert not any("eject" in note for note in made.plan.notes)
    assert [step.passing for step in made.plan.steps if isinstance(step, WriteSeed)] == [True]


def test_a_seed_to_keep_stays_in_a_started_clone(kvm: Host) -> None:
    made = plan(kvm, document(DEBIAN), start=True, seed=SeedRequest(keep=KEEP))
    assert type(made.plan.steps[-1]).__name__ == "Start" and "two-seed.iso" in made.plan.documents[0]
    assert [step.passing for step in made.plan.steps if isinstance(step, WriteSeed)] == [False]


def test_without_a_seed_a_clone_is_just_started(kvm: Host) -> None:
    made = plan(kvm, document(), start=True)
    assert [type(step).__name__ for step in made.plan.steps] == ["CopyDisk", "Define", "Start"]


@pytest.mark.parametrize("medium", ["/srv/images/one-seed.iso", "/srv/images/one-seed-2.iso", "/srv/mine/cidata.iso"])
def test_the_seed_of_the_original_is_replaced_in_the_clone_alone(kvm: Host, medium: str) -> None:
    made = plan(kvm, document(more=SEED.format(medium)))
    guest = Guest.parse(made.plan.documents[0])
    assert [path.text(disk, "./source/@file") for disk in guest.disks("cdrom")] == ["/srv/images/two-seed.iso"]
    assert [tuple(fate) for fate in made.disks][1] == ("sda", medium, "/srv/images/two-seed.iso", "seed")
    assert all("Deleting" not in step.label for step in made.plan.steps)
    started = plan(kvm, document(more=SEED.format(medium)), start=True)
    (drive,) = Guest.parse(started.plan.documents[0]).disks("cdrom")
    assert tree.child(drive, "source") is None


def test_a_clone_with_a_seed_is_marked_unless_its_system_says_enough(kvm: Host) -> None:
    for how in ({}, {"start": True}):
        assert "urn:virtprov:guest:1.0" in plan(kvm, document(), identity="new", **how).plan.documents[0]
        assert "virtprov:guest" not in plan(kvm, document(DEBIAN), **how).plan.documents[0]


def test_planning_alone_builds_nothing(kvm: Host) -> None:
    made = plan(kvm, document(DEBIAN), planning=True, seed=SeedRequest(root_password_generate=True))
    (step,) = [step for step in made.plan.steps if isinstance(step, WriteSeed)]
    assert step.data == b"" and made.inside.seed is not None and made.inside.seed.seed.password == ""


def test_a_generated_password_is_known(kvm: Host) -> None:
    made = plan(kvm, document(DEBIAN), seed=SeedRequest(root_password_generate=True))
    assert made.inside.seed is not None and len(made.inside.seed.seed.password) > 10


def test_systemd_without_cloud_init(kvm: Host) -> None:
    made = plan(kvm, document(RHEL), identity="new", seed=SeedRequest(hostname="shop", ssh_key=(KEY,)))
    steps = [step for step in made.plan.steps if isinstance(step, WriteSeed)]
    assert [step.label for step in steps] == [
        "Writing systemd credential two-tmpfiles.extra.cred",
        "Writing systemd credential two-ssh.authorized_keys.root.cred",
    ]
    assert steps[0].data.splitlines() == [
        b"f+ /etc/hostname 0644 root root - shop\\n",
        b"w! /proc/sys/kernel/hostname - - - - shop",
    ]
    assert steps[1].data.decode() == f"{KEY}\n"
    (box,) = tree.children(Guest.parse(made.plan.documents[0]).root, "sysinfo")
    assert box.get("type") == "fwcfg"
    assert {entry.get("name"): entry.get("file") for entry in box} == {
        "opt/io.systemd.credentials/tmpfiles.extra": "/srv/images/two-tmpfiles.extra.cred",
        "opt/io.systemd.credentials/ssh.authorized_keys.root": "/srv/images/two-ssh.authorized_keys.root.cred",
    }
    assert made.inside.facts()["credentials"] == [step.name and f"/srv/images/{step.name}" for step in steps]


@pytest.mark.parametrize(
    ("words", "flag"),
    [({"timezone": "UTC"}, "--timezone"), ({"package": ("a",)}, "--package"), ({"user": "tom"}, "--user")],
)
def test_what_systemd_does_not_take_is_named(kvm: Host, words: dict[str, Any], flag: str) -> None:
    with pytest.raises(UsageError, match=f"^{flag}: 'two' is not known to have cloud-init") as caught:
        plan(kvm, document(RHEL), identity="new", seed=SeedRequest(hostname="shop", **words))
    assert "--cloud-init" in caught.value.hint


def test_a_clone_takes_the_same_words(kvm: Host) -> None:
    made = plan(kvm, document(DEBIAN), seed=SeedRequest(timezone="UTC", run=("echo",)))
    (step,) = [step for step in made.plan.steps if isinstance(step, WriteSeed)]
    assert b"timezone: UTC" in step.data and b"- echo" in step.data


def test_cloud_init_is_used_where_it_is_asked_for(kvm: Host) -> None:
    made = plan(kvm, document(RHEL), identity="new", seed=SeedRequest(), cloud_init=True)
    assert made.inside.means == "cloud-init"


class Storing(StandIn):
    """A host that stores uploads."""

    def __init__(self, host: Host) -> None:
        self.real = host
        self.modes: list[str] = []

    def storage_create_volume(self, pool: str, xml: str, **how: Any) -> Any:
        self.modes.append(xml)
        return self.real.storage.create_volume(pool, xml, **how)

    def storage_upload_volume(self, pool: str, name: str, data: Any, **how: Any) -> None:
        assert data.read()

    def guests_define(self, xml: str) -> Any:
        raise HostError("not defined")


def test_a_failure_removes_the_seed(kvm: Host) -> None:
    host: Any = Storing(kvm)
    made = plan(kvm, document(DEBIAN))
    with pytest.raises(HostError, match="not defined"):
        apply(made.plan, RunContext(host, Progress(), lambda text: None, lambda text: None))
    assert any("<mode>0600</mode>" in xml and "two-seed.iso" in xml for xml in host.modes)
    assert kvm.storage.volume_names("images") == ("base.qcow2", "web.qcow2")
    step = kept_key(made)
    assert step is not None and not Path(step.path).exists()


def test_documents_keep_their_letters(kvm: Host, tmp_path: Path) -> None:
    text = document(DEBIAN).replace(b"<memory>", b"<!-- mine --><memory>")
    assert "<!-- mine -->" in plan(kvm, text).plan.documents[0]
