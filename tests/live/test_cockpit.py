"""Cockpit's script for new guests, as Debian has it, and the calls of its page, with virtprov under the old names."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from lab.guests import listening, until
from lab.host import Host
from lab.old_names import OldNames
from lab.provisioned import COCKPIT, PASSWORD, USER, Provisioned

pytestmark = pytest.mark.live

NAME = "tended"
IMAGES = "/var/lib/libvirt/images"
NAMESPACE = "{https://github.com/cockpit-project/cockpit-machines}"
STARTS_IN, ENDS_IN, BOOT_DEADLINE = 600, 600, 1200
FOLDERS = {"media", "elsewhere"}
PLACE = "qemu:///system"


@pytest.fixture(autouse=True)
def surroundings(lab: Host, old_names: OldNames, provisioned: Provisioned) -> Iterator[None]:
    """Remove the guest of the test with its disks, and the pools that its folders have become."""
    yield
    if NAME in lab.virsh("list", "--all", "--name").split():
        lab.try_virsh("destroy", NAME)
        lab.virsh("undefine", NAME, "--remove-all-storage")
    for pool in FOLDERS & set(lab.virsh("pool-list", "--all", "--name").split()):
        lab.try_virsh("pool-destroy", pool)
        lab.virsh("pool-undefine", pool)


@pytest.fixture
def medium(lab: Host) -> Iterator[str]:
    """A medium that nothing boots from."""
    path = lab.state / "media" / "medium.iso"
    path.parent.mkdir()
    path.write_bytes(bytes(1 << 20))
    yield str(path)
    shutil.rmtree(path.parent)


def stored(lab: Host) -> ElementTree.Element:
    return ElementTree.fromstring(lab.virsh("dumpxml", "--inactive", NAME))


def wait_running(lab: Host, name: str = NAME) -> None:
    """Wait until the guest runs and is defined: it is started for its first boot before it is defined for the next."""

    def runs() -> bool:
        return name in lab.virsh("list", "--persistent", "--state-running", "--name").split()

    with listening(lab, name, "lifecycle") as wake:
        until(f"{name} runs", runs, wake, STARTS_IN)


def has_install_phase(lab: Host, name: str = NAME) -> str | None:
    root = ElementTree.fromstring(lab.virsh("dumpxml", "--inactive", name))
    return root.findtext(f"./metadata/{NAMESPACE}data/{NAMESPACE}has_install_phase")


def call(old: OldNames, facts: dict[str, Any]) -> None:
    done = old.host.execute(old.cockpit({"vmName": NAME, **facts}))
    assert done.rc == 0, done.out + done.err


def stop_from_outside(lab: Host, old: OldNames, facts: dict[str, Any]) -> None:
    """Run the script, which waits for the guest, and stop the guest meanwhile."""
    process = old.start(old.cockpit({"vmName": NAME, **facts}))
    wait_running(lab)
    assert process.poll() is None
    lab.virsh("destroy", NAME)
    out, err = process.communicate(timeout=ENDS_IN)
    assert process.returncode == 0, out + err


def test_create_and_run(lab: Host, old_names: OldNames, medium: str) -> None:
    stop_from_outside(lab, old_names, {"source": medium})
    assert lab.virsh("domstate", NAME) == "shut off"
    assert has_install_phase(lab) == "false"


def test_create_and_run_a_guest_that_somebody_removes(lab: Host, old_names: OldNames, medium: str) -> None:
    process = old_names.start(old_names.cockpit({"vmName": NAME, "source": medium}))
    wait_running(lab)
    lab.virsh("undefine", NAME)
    lab.virsh("destroy", NAME)
    out, err = process.communicate(timeout=ENDS_IN)
    assert process.returncode == 0, out + err
    assert NAME not in lab.virsh("list", "--all", "--name").split()
    lab.virsh("vol-delete", f"{NAME}.qcow2", "--pool", "default")


def test_create_and_edit_then_install(lab: Host, old_names: OldNames, medium: str) -> None:
    call(old_names, {"source": medium, "startVm": False})
    assert lab.virsh("domstate", NAME) == "shut off"
    assert has_install_phase(lab) == "true"
    assert lab.virsh("vol-path", f"{NAME}.qcow2", "--pool", "default") == f"{IMAGES}/{NAME}.qcow2"
    lab.virsh("start", NAME)
    lab.virsh("destroy", NAME)
    stop_from_outside(lab, old_names, {"source": medium, "type": "install"})
    assert has_install_phase(lab) == "false"


def test_import(lab: Host, old_names: OldNames) -> None:
    folder = lab.state / "elsewhere"
    folder.mkdir()
    image = folder / "image.qcow2"
    assert lab.execute(["qemu-img", "create", "-q", "-f", "qcow2", image, "1M"]).rc == 0
    call(old_names, {"source": str(image), "sourceType": "disk_image", "storagePool": "NoStorage"})
    assert lab.virsh("domstate", NAME) == "running"
    assert stored(lab).find(f"./devices/disk/source[@file='{image}']") is not None
    assert "image.qcow2" in lab.virsh("vol-list", "elsewhere")
    assert has_install_phase(lab) == "false"


def test_automated_installation(lab: Host, old_names: OldNames, medium: str) -> None:
    """The answers are on a disk of their own, which is gone when the guest has powered off."""
    secrets = {"rootPassword": PASSWORD, "userLogin": USER, "userPassword": PASSWORD, "profile": "desktop"}
    process = old_names.start(
        old_names.cockpit({"vmName": NAME, "source": medium, "os": "fedora40", "unattended": True, **secrets})
    )
    wait_running(lab)
    running = ElementTree.fromstring(lab.virsh("dumpxml", NAME))
    answers = f"{IMAGES}/{NAME}-unattended.iso"
    assert running.find(f"./devices/disk/source[@file='{answers}']") is not None
    assert b"poweroff" in lab.outside(answers).read_bytes()
    assert PASSWORD.encode() not in lab.outside(answers).read_bytes()
    lab.virsh("destroy", NAME)
    out, err = process.communicate(timeout=ENDS_IN)
    assert process.returncode == 0, out + err
    assert not lab.outside(answers).exists()
    assert stored(lab).find(f"./devices/disk/source[@file='{answers}']") is None


def test_a_system_to_download(lab: Host, old_names: OldNames) -> None:
    """Its tree is on a server, which a machine without internet does not reach; nothing is left."""
    words = old_names.cockpit({"vmName": NAME, "sourceType": "os", "os": "fedora40", "unattended": True})
    done = lab.execute(words)
    assert done.rc != 0 and "error: unknown host '" in done.err and "fedoraproject.org" in done.err
    assert NAME not in lab.virsh("list", "--all", "--name").split()
    assert NAME not in lab.virsh("vol-list", "default")


def test_what_the_page_asks_before(old_names: OldNames) -> None:
    """Which forms of installation it may offer."""
    for flag in ("--cloud-init=?", "--install=?", "--unattended=?"):
        done = old_names.run(["virt-install", flag])
        assert done.rc == 0 and flag.partition("=")[0] in done.out


NEW_NETWORK = "--add-device --network type=network,source=default,source.mode=bridge,model=virtio"
EDITS = (
    (NEW_NETWORK, "./devices/interface", 2),
    ("--edit mac={mac} --network type=network,source=default,model=e1000e,", "./devices/interface", 2),
    ("--edit mac={mac} --network link.state=down", "./devices/interface/link[@state='down']", 1),
    ("--remove-device --network 2", "./devices/interface", 1),
    ("--edit --memorybacking access.mode=shared,source.type=memfd", "./memoryBacking/access[@mode='shared']", 1),
    (
        "--add-device --filesystem "
        "type=mount,accessmode=passthrough,driver.type=virtiofs,source.dir=/srv,target.dir=srv",
        "./devices/filesystem",
        1,
    ),
    ("--remove-device --filesystem target.dir=srv", "./devices/filesystem", 0),
    ("--add-device --watchdog action=reset", "./devices/watchdog[@model='i6300esb'][@action='reset']", 1),
    ("--edit {watchdogs} --watchdog action=poweroff", "./devices/watchdog[@model='i6300esb'][@action='poweroff']", 1),
    ("--remove-device --watchdog model=i6300esb", "./devices/watchdog[@model='i6300esb']", 0),
    ("--add-device --vsock cid.auto=yes", "./devices/vsock", 1),
    ("--edit --vsock cid.auto=no,cid.address=7", "./devices/vsock/cid[@address='7']", 1),
    ("--remove-device --vsock 1", "./devices/vsock", 0),
    ("--add-device --disk device=cdrom,target.dev=sdb,bus=sata", "./devices/disk[@device='cdrom']", 1),
    ("--edit target.dev=sdb --disk {medium},type=file", "./devices/disk/source[@file='{medium}']", 1),
    ("--cpu clearxml=true,mode=custom,model=Nehalem --edit", "./cpu/model", 1),
    ("--vcpu 4,vcpu.current=2,sockets=1,cores=2,threads=2 --edit", "./vcpu[@current='2']", 1),
    ("--metadata description=words --edit", "./description", 1),
)
LIVE = (
    (f"{NEW_NETWORK} --update", "hotplug", "./devices/interface", 2),
    ("--edit mac={mac} --network link.state=down --update", "update", "./devices/interface/link[@state='down']", 1),
)


def edit(old: OldNames, words: str, medium: str) -> tuple[int, str, str]:
    guest = stored(old.host)
    mac = guest.findall("./devices/interface/mac")[-1].get("address", "")
    # newer versions of libvirt give q35 guests an iTCO watchdog, and all watchdogs of a guest must act alike
    watchdogs = "all" if guest.find("./devices/watchdog[@model='itco']") is not None else ""
    said = words.format(mac=mac, medium=medium, watchdogs=watchdogs).split()
    return old.run(["virt-xml", "-c", PLACE, NAME, *said])


def test_the_calls_of_the_page(lab: Host, old_names: OldNames, medium: str) -> None:
    call(old_names, {"source": medium, "startVm": False})
    for words, place, count in EDITS:
        rc, out, err = edit(old_names, words, medium)
        assert (rc, out) == (0, f"Domain '{NAME}' defined successfully.\n"), f"{words}: {err}"
        assert len(stored(lab).findall(place.format(medium=medium))) == count, words
    lab.virsh("start", NAME)
    for words, done, place, count in LIVE:
        rc, out, err = edit(old_names, words, medium)
        told = f"Device {done} successful.\nDomain '{NAME}' defined successfully.\n"
        assert (rc, out) == (0, told), f"{words}: {err}"
        running = ElementTree.fromstring(lab.virsh("dumpxml", NAME))
        assert len(stored(lab).findall(place)) == len(running.findall(place)) == count, words
    rc, out, err = edit(old_names, "--edit mac={mac} --network link.state=up --update --no-define", medium)
    assert (rc, out) == (0, "Device update successful.\n"), err
    assert stored(lab).find("./devices/interface/link[@state='down']") is not None


def test_a_clone(lab: Host, old_names: OldNames, medium: str) -> None:
    call(old_names, {"source": medium, "startVm": False})
    copy = ["virt-clone", "--connect", PLACE, "--original", NAME, "--name", "copy", "--auto-clone"]
    done = old_names.run(copy)
    assert done.rc == 0 and "Clone 'copy' created successfully." in done.out
    assert old_names.run(copy).rc == 1
    lab.virsh("undefine", "copy", "--remove-all-storage")


def test_a_cloud_guest_has_its_user(lab: Host, provisioned: Provisioned) -> None:
    shell = provisioned.cockpit_shell()
    asks = lab.state / "password"
    asks.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
    asks.chmod(0o700)
    login = ["BatchMode=no" if word == "BatchMode=yes" else word for word in shell.login]
    login[-1:-1] = ["-o", "PreferredAuthentications=password"]
    by_password = ["env", f"SSH_ASKPASS={asks}", "SSH_ASKPASS_REQUIRE=force", *login, "true"]
    until(
        f"{USER} logs in with the password",
        lambda: lab.execute(by_password).rc == 0,
        lambda seconds: time.sleep(min(seconds, 1)),
        BOOT_DEADLINE,
    )
    if provisioned.old.knows_keys():
        assert shell.run("id -un") == USER
    assert provisioned.cockpit.poll() is None  # it waits until the guest is off
    lab.virsh("destroy", COCKPIT)
    out, err = provisioned.cockpit.communicate(timeout=ENDS_IN)
    assert provisioned.cockpit.returncode == 0, out + err
    assert has_install_phase(lab, COCKPIT) == "false"
    assert f"{COCKPIT}-seed" not in lab.virsh("vol-list", "default")
