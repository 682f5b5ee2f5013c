"""`virtprov-install --remove` leaves nothing of a guest, and everything of others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import inventory
from lab.domain import definition, disk_paths
from lab.host import Done, Host

pytestmark = pytest.mark.live

FAULTY = Path(__file__).resolve().parent / "lab/faulty.py"
NAME, BASE, CHILD = "laden", "tree", "branch"
IMAGES, NVRAM = "/var/lib/libvirt/images", f"/var/lib/libvirt/qemu/nvram/{NAME}_VARS.fd"
SYSTEM = f"{IMAGES}/laden-base.qcow2"
GUEST = """\
<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
<source file='/var/lib/libvirt/images/{name}.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>
"""
SNAPSHOT = """\
<domainsnapshot><name>before</name><state>shutoff</state><creationTime>1700000000</creationTime>{domain}
</domainsnapshot>
"""  # a real one would need two formats of disks that are alike
TPM_SECRET = f"<secret><usage type='vtpm'><name>{CHILD}</name></usage></secret>"
REFUSED, TOO_LONG, KILLED = 3, 4, -9


@pytest.fixture(scope="module")
def host(lab: Host) -> Iterator[Host]:
    """The lab with a base image."""
    lab.virsh("vol-create-as", "default", "laden-base.qcow2", "4M", "--format", "qcow2")
    yield lab
    lab.virsh("vol-delete", "laden-base.qcow2", "default")


def remove(host: Host, *words: str) -> Done:
    return host.run(["virtprov-install", "--remove", *words])


def load(host: Host) -> None:
    """Make a guest with all that a guest can leave behind; it is off, and has a saved state."""
    password = host.state / "password"
    password.write_text("open sesame\n")
    done = host.run(
        [
            *("virtprov-install", "--virt-type", "qemu", "--name", NAME, "--osinfo", "generic", "--memory", "64"),
            *("--import", "--graphics", "none", "--noautoconsole", "--network", "none"),
            *("--disk", f"size=0.01,backing_store={SYSTEM}"),
            *("--disk", f"size=0.02,format=raw,encryption.password_file={password}"),
            *("--boot", "uefi", "--tpm", "emulator", "--cloud-init", "disable=on,keep=yes"),
        ]
    )
    assert done.rc == 0, done.err
    host.virsh("destroy", NAME)
    document = host.virsh("dumpxml", NAME, "--inactive", "--security-info")
    host.virsh("snapshot-create", NAME, "/dev/stdin", "--redefine", stdin=SNAPSHOT.format(domain=document))
    host.virsh("start", NAME, "--paused")
    host.virsh("managedsave", NAME)


def test_nothing_is_left_of_a_guest_that_has_everything(host: Host) -> None:
    before = inventory.take(host)
    load(host)
    laden = inventory.take(host)
    kinds = ("/nvram/", "/swtpm/", "/secrets/", "/snapshot/", "/save/", "-seed.iso", "laden.qcow2", "laden.img")
    for kind in kinds:
        assert [file for file in set(laden.files) - set(before.files) if kind in file], kind
    seen = remove(host, NAME, "--dry-run")
    assert seen.rc == 0 and inventory.take(host) == laden
    assert f"Would keep base image {SYSTEM}: {IMAGES}/laden.qcow2 is based on it\n" in seen.out
    refused = remove(host, NAME)
    assert refused.rc == 2 and "--yes" in refused.err and inventory.take(host) == laden
    done = remove(host, NAME, "--yes", "--output", "json")
    assert done.rc == 0, done.err
    assert inventory.take(host) == before
    (facts,) = json.loads(done.out)["guests"]
    gone = sorted(thing["kind"] for thing in facts["things"] if thing["fate"] == "removed")
    assert gone == sorted("disk disk seed secret nvram tpm save snapshot guest".split())
    assert facts["removed"] and not facts["running"]


@pytest.fixture
def family(host: Host) -> Iterator[Host]:
    """A guest, and another one on top of its disk."""
    host.virsh("vol-create-as", "default", f"{BASE}.qcow2", "1M", "--format", "qcow2")
    below = ["--backing-vol", f"{BASE}.qcow2", "--backing-vol-format", "qcow2"]
    host.virsh("vol-create-as", "default", f"{CHILD}.qcow2", "1M", "--format", "qcow2", *below)
    for name in (BASE, CHILD):
        host.define("", GUEST.format(name=name))
    yield host
    for name in (BASE, CHILD):
        host.try_virsh("undefine", name)
        host.try_virsh("vol-delete", f"{name}.qcow2", "default")


def test_a_base_with_a_clone_stays(family: Host) -> None:
    before = inventory.take(family)
    refused = remove(family, BASE, "--yes")
    assert refused.rc == REFUSED and f"guest '{CHILD}' is based on its disk {IMAGES}/{BASE}.qcow2" in refused.err
    assert inventory.take(family) == before


def test_a_base_stays_while_an_image_that_no_guest_has_is_based_on_it(family: Host) -> None:
    family.virsh("undefine", CHILD)
    family.execute(["sh", "-c", f"cd {IMAGES} && qemu-img create -q -f qcow2 -F qcow2 -b {BASE}.qcow2 unknown.qcow2"])
    family.virsh("vol-delete", f"{CHILD}.qcow2", "default")
    refused = remove(family, BASE, "--yes")
    assert refused.rc == REFUSED and "volume 'unknown.qcow2' is based on its disk" in refused.err
    family.virsh("vol-delete", "unknown.qcow2", "default")


def test_a_clone_goes_with_its_base(family: Host) -> None:
    done = remove(family, BASE, CHILD, "--yes")
    assert done.rc == 0, done.err
    assert done.out.endswith(f"Removed guest '{CHILD}'.\nRemoved guest '{BASE}'.\n")
    after = inventory.take(family)
    assert not [thing for things in after for thing in things if f"{BASE}." in thing or f"{CHILD}." in thing]


def test_a_guest_that_does_not_shut_down_stays_until_its_plug_is_pulled(family: Host) -> None:
    """It has no system that could hear the request."""
    family.virsh("start", CHILD)
    before = inventory.take(family)
    done = remove(family, CHILD, "--yes", "--wait", "2s")
    assert done.rc == TOO_LONG and f"'{CHILD}' has not shut down within 2 s; nothing has been removed" in done.err
    assert inventory.take(family) == before
    assert remove(family, CHILD, "--yes", "--force-off").rc == 0
    assert inventory.take(family).processes == tuple(name for name in before.processes if "qemu" not in name)
    assert family.try_virsh("domuuid", CHILD).rc != 0


def test_a_disk_outside_the_pools_goes_if_it_is_named(family: Host) -> None:
    place = family.state / "elsewhere"
    place.mkdir(exist_ok=True)
    family.execute(["qemu-img", "create", "-q", "-f", "qcow2", f"{place}/{CHILD}.qcow2", "1M"])
    family.define("", GUEST.format(name=CHILD).replace(IMAGES, str(place)).replace("<name>branch", "<name>far"))
    kept = remove(family, "far", "--dry-run")
    assert f"Would keep disk {place}/{CHILD}.qcow2: it is outside the host's storage pools" in kept.out
    pools = inventory.take(family).pools
    done = remove(family, "far", "--yes", "--with-disk", f"{place}/{CHILD}.qcow2")
    assert done.rc == 0, done.err
    assert list(place.iterdir()) == [] and inventory.take(family).pools == pools


def test_what_snapshots_and_devices_have_written_goes(family: Host) -> None:
    family.virsh("secret-define", "/dev/stdin", stdin=TPM_SECRET)
    (secret,) = [line.split()[0] for line in family.virsh("secret-list").splitlines() if CHILD in line]
    family.virsh("secret-set-value", "--file", "/dev/stdin", secret, stdin="c2VzYW1l")
    sealed = f"<tpm><backend type='emulator' version='2.0'><encryption secret='{secret}'/></backend></tpm>"
    log = f"<serial type='file'><source path='/var/log/libvirt/{CHILD}.log'/></serial>"
    family.virsh("undefine", CHILD)
    family.define("", GUEST.format(name=CHILD).replace("</devices>", f"{sealed}{log}</devices>"))
    family.virsh("start", CHILD, "--paused")
    memory = ("--memspec", f"{IMAGES}/{CHILD}.memory,snapshot=external")
    family.virsh("snapshot-create-as", CHILD, "first", *memory, "--diskspec", "vda,snapshot=external")
    family.virsh("destroy", CHILD)
    family.virsh("snapshot-create-as", CHILD, "second", "--disk-only")
    names = (f"{CHILD}.first", f"{CHILD}.second", f"{CHILD}.memory", f"{CHILD}.qcow2")
    assert set(inventory.take(family).files) >= {*(f"{IMAGES}/{name}" for name in names)}
    assert family.outside(f"/var/log/libvirt/{CHILD}.log").exists()
    done = remove(family, CHILD, "--yes")
    assert done.rc == 0, done.err
    after = inventory.take(family)
    assert not [thing for things in after for thing in things if f"{CHILD}." in thing or secret in thing]
    assert not family.outside(f"/var/log/libvirt/{CHILD}.log").exists()
    assert f"{IMAGES}/{BASE}.qcow2" in after.files


def test_a_guest_that_lives_only_while_it_runs(family: Host) -> None:
    family.virsh("undefine", CHILD)
    family.virsh("create", "/dev/stdin", stdin=GUEST.format(name=CHILD))
    done = remove(family, CHILD, "--yes", "--force-off")
    assert done.rc == 0, done.err
    assert f"{IMAGES}/{CHILD}.qcow2" not in inventory.take(family).files


def test_the_answer_is_asked_for_on_a_terminal(family: Host) -> None:
    words = family.inside(family.own(["virtprov-install", "--remove", CHILD]))
    before = inventory.take(family)
    refused = subprocess.run(
        ["script", "-qec", " ".join(words), "/dev/null"], input="n\n", text=True, capture_output=True, timeout=120
    )
    assert f"Remove '{CHILD}'? This cannot be undone. (y/n)" in refused.stdout
    assert "Nothing has been removed." in refused.stdout and inventory.take(family) == before
    assert disk_paths(definition(family, CHILD)) == [f"{IMAGES}/{CHILD}.qcow2"]


def killed(host: Host, point: int) -> inventory.Inventory:
    """Kill the removal of CHILD at a point of its recovery log; returns what the host holds then."""
    words = ["--connect", host.uri, "--remove", CHILD, "--yes"]
    done = host.execute([sys.executable, str(FAULTY), "virtprov-install", "SIGKILL", f"line:{point}", *words])
    assert done.rc == KILLED, done.err
    return inventory.take(host)


def trails(host: Host) -> list[Path]:
    """The recovery logs of runs that are not settled."""
    return list((host.state / "home/.local/state/virtprov").glob("run-*"))


def test_a_removal_that_is_killed_before_anything_goes(family: Host) -> None:
    """Its log has the guest and the disk by then, but says nothing of a removal that has begun."""
    before = inventory.take(family)
    assert killed(family, 4) == before
    done = family.run(["virtprov-install", "--clean-up", "--yes"])
    assert done.rc == 0 and "Nothing to clean up from virtprov-install" in done.out
    assert inventory.take(family) == before and trails(family) == []


def test_a_removal_that_is_killed_half_way_is_finished_by_the_next(family: Host) -> None:
    left = killed(family, 7)
    assert f"{IMAGES}/{CHILD}.qcow2" not in left.files and f"/etc/libvirt/qemu/{CHILD}.xml" in left.files
    done = remove(family, CHILD, "--yes")
    assert done.rc == 0 and f"Removed guest '{CHILD}'." in done.out, done.err
    assert "was interrupted and may have left" in done.err
    assert family.try_virsh("domuuid", CHILD).rc != 0 and trails(family) == []
