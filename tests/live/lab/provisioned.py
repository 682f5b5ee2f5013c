"""Guests that Ansible and Cockpit set up from the cloud image, with virtprov under the old names."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lab.guests import Shell, listening, until
from lab.image import Image
from lab.old_names import OldNames

ANSIBLE, COCKPIT = "by-ansible", "by-cockpit"
ANSIBLE_ADDRESS = "192.168.122.211"
USER, PASSWORD = "paula", "correct-horse"
DISK_GIB = 2
MEMORY_MIB = 768
LEASE_DEADLINE = 600.0
END_DEADLINE = 60.0
# A line for each boot; `bootcmd` runs at every one.
USER_DATA = {
    "bootcmd": ["echo booted >> /var/boots"],
    "write_files": [{"path": "/etc/lab-note", "content": "by user-data\n"}],
}
NETWORK_CONFIG = {"version": 2, "ethernets": {"eth0": {"addresses": [f"{ANSIBLE_ADDRESS}/24"]}}}


class Provisioned(NamedTuple):
    """The two clients at work."""

    old: OldNames
    ansible: subprocess.Popen[str]
    cockpit: subprocess.Popen[str]
    folder: Path
    key: Path

    def ansible_shell(self) -> Shell:
        """A login on the guest of Ansible."""
        return Shell(self.old.host, ANSIBLE_ADDRESS, "debian", self.key)

    def cockpit_shell(self) -> Shell:
        """A login on the guest of Cockpit, by key."""
        return Shell(self.old.host, self._leased(), USER, self.key)

    def _leased(self) -> str:
        found: list[str] = []

        def is_there() -> bool:
            shown = self.old.host.try_virsh("domifaddr", COCKPIT, "--source", "lease").out.split()
            found[:] = [word.partition("/")[0] for word in shown if "/" in word and "." in word]
            return bool(found)

        with listening(self.old.host, COCKPIT, "lifecycle") as wake:
            until(f"{COCKPIT} has an address", is_there, wake, LEASE_DEADLINE)
        return found[0]


@contextlib.contextmanager
def begun_guests(old: OldNames, image: Image, key: Path) -> Iterator[Provisioned]:
    """Start both; at the end they are stopped, and their guests removed."""
    folder = old.host.state / "cloud-guests"
    folder.mkdir()
    public = key.with_suffix(".pub")
    ansible = old.start(old.ansible("virt_cloud_instance", ansible_facts(image, folder, public)))
    cockpit = old.start(old.cockpit(cockpit_facts(image, public)))
    try:
        yield Provisioned(old, ansible, cockpit, folder, key)
    finally:
        for name in (ANSIBLE, COCKPIT):
            old.host.try_virsh("destroy", name)
            old.host.try_virsh("undefine", name, "--remove-all-storage")
        for process in (ansible, cockpit):
            end(process)
        old.host.try_virsh("pool-destroy", folder.name)
        old.host.try_virsh("pool-undefine", folder.name)


def end(process: subprocess.Popen[str]) -> None:
    """See a client off, which has nothing to wait for without its guest.

    What it has started keeps its pipes open, so they are not read for ever; the end of the lab ends it in any case.
    """
    try:
        process.communicate(timeout=END_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ansible_facts(image: Image, folder: Path, public: Path) -> dict[str, object]:
    """The arguments of Ansible's module for cloud images; it appends a reboot to the user-data, and waits for it."""
    return {
        "name": ANSIBLE,
        "base_image": str(image.disk),
        "disks": [{"path": str(folder / "system.qcow2"), "size": DISK_GIB, "format": "qcow2"}],
        "memory": MEMORY_MIB,
        "vcpus": 1,
        "osinfo": {"name": "debian12"},
        "networks": [{"network": "default"}],
        "cloud_init": {
            "user_data": {**USER_DATA, "ssh_authorized_keys": [public.read_text().strip()]},
            "network_config": NETWORK_CONFIG,
        },
        "cloud_init_reboot_timeout": 900,
    }


def cockpit_facts(image: Image, public: Path) -> dict[str, object]:
    """The fields of Cockpit's dialogue for a cloud image; its page has `openssl passwd` hash the password."""
    hashed = subprocess.run(["openssl", "passwd", "-5", PASSWORD], capture_output=True, text=True, check=True).stdout
    return {
        "vmName": COCKPIT,
        "source": str(image.disk),
        "sourceType": "cloud",
        "memorySize": MEMORY_MIB,
        "storageSize": DISK_GIB,
        "userLogin": USER,
        "userPassword": hashed.strip(),
        "sshKeys": [public.read_text().strip()],
    }
