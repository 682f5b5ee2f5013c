"""Ansible's community.libvirt, as it is published, with virtprov under the old names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import inventory
from lab.host import Host
from lab.old_names import OldNames, result_of
from lab.provisioned import ANSIBLE, Provisioned

pytestmark = pytest.mark.live

NAME = "tended"
BOOT_DEADLINE = 1800


@pytest.fixture
def facts(lab: Host, old_names: OldNames, provisioned: Provisioned) -> Iterator[dict[str, Any]]:
    """The arguments for a guest with a disk outside every pool; its folder is gone afterwards, as it was before."""
    folder = lab.state / "tended"
    folder.mkdir()
    yield {
        "name": NAME,
        "memory": 64,
        "osinfo": {"name": "generic"},
        "import": True,
        "disks": [{"path": str(folder / "tended.qcow2"), "size": 1, "format": "qcow2"}],
        "networks": [{"network": "default"}],
    }
    if NAME in lab.virsh("list", "--all", "--name").split():
        lab.try_virsh("destroy", NAME)
        lab.virsh("undefine", NAME)
    if folder.name in lab.virsh("pool-list", "--all", "--name").split():
        lab.try_virsh("pool-destroy", folder.name)
        lab.virsh("pool-undefine", folder.name)
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()


def uuid(lab: Host) -> str:
    return lab.virsh("domuuid", NAME)


def test_a_guest_comes_is_tried_made_again_and_goes(lab: Host, old_names: OldNames, facts: dict[str, Any]) -> None:
    disk = Path(facts["disks"][0]["path"])
    made = old_names.do("virt_install", facts)
    assert made["changed"] and "virt-install" in made["commands"][0]
    assert lab.virsh("domstate", NAME) == "running" and disk.exists()
    first = uuid(lab)

    assert not old_names.do("virt_install", facts)["changed"]

    before = inventory.take(lab)
    tried = old_names.do("virt_install", {**facts, "recreate": True}, "--check")
    assert tried["changed"] and tried["commands"][0].endswith("--dry-run")
    assert inventory.take(lab) == before

    assert old_names.do("virt_install", {**facts, "recreate": True})["changed"]
    assert uuid(lab) != first and disk.exists()

    assert old_names.do("virt_install", {"name": NAME, "state": "absent"})["changed"]
    assert NAME not in lab.virsh("list", "--all", "--name").split() and not disk.exists()


def test_an_image_outside_every_pool_goes_with_its_guest(lab: Host, old_names: OldNames, facts: dict[str, Any]) -> None:
    disk = Path(facts["disks"][0]["path"])
    assert lab.execute(["qemu-img", "create", "-q", "-f", "qcow2", disk, "1M"]).rc == 0
    assert old_names.do("virt_install", {**facts, "disks": [{"path": str(disk)}]})["changed"]
    assert old_names.do("virt_install", {"name": NAME, "state": "absent"})["changed"]
    assert not disk.exists()


def test_a_refusal_fails_with_its_reason(lab: Host, old_names: OldNames, facts: dict[str, Any]) -> None:
    wrong = {**facts, "disks": [{"path": "/nosuch/x.qcow2", "size": 1}]}
    done = lab.execute(old_names.ansible("virt_install", wrong))
    assert done.rc != 0 and "the directory /nosuch does not exist" in done.out + done.err
    assert NAME not in lab.virsh("list", "--all", "--name").split()


def test_a_cloud_guest_has_rebooted_when_the_module_returns(lab: Host, provisioned: Provisioned) -> None:
    out, err = provisioned.ansible.communicate(timeout=BOOT_DEADLINE)
    result = result_of(provisioned.ansible.returncode, out, err)
    assert result["changed"] and "--wait 15" in result["commands"][-1]
    assert lab.virsh("domstate", ANSIBLE) == "running"
    assert f"{ANSIBLE}-seed" not in lab.virsh("vol-list", "default")
    shell = provisioned.ansible_shell()
    shell.wait()
    assert shell.run("cat /etc/lab-note") == "by user-data"
    assert shell.run("cat /var/boots") == "booted\nbooted"
    gone = provisioned.old.do("virt_cloud_instance", {**removal(provisioned), "state": "absent"})
    assert gone["changed"] and not list(provisioned.folder.iterdir())


def removal(provisioned: Provisioned) -> dict[str, Any]:
    """What the module requires even to remove a guest."""
    disks = [{"path": str(provisioned.folder / "system.qcow2"), "size": 1}]
    return {"name": ANSIBLE, "base_image": "/nosuch", "disks": disks}
