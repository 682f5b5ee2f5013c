"""The guest that most live tests share: made once by virtprov-install, then booted and shut off as they ask."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lab import inventory
from lab.guests import STARTS, Shell, emulator_failed, shut_down, start, wait_off
from lab.host import Done, Host
from lab.image import Image
from lab.inventory import Inventory

NAME = "g1"
HOSTNAME = "harbour"
ADDRESS = "192.168.122.210"
DISK_GIB = 4
MEMORY_MIB = 1024
INSTALL_DEADLINE = 960  # --wait 15, and a minute
NOTE = "written by cloud-init\n"

USER_DATA = """\
#cloud-config
users:
  - default
  - name: anna
    gecos: Anna of the tests
    shell: /bin/bash
    ssh_authorized_keys: ['{key}']
write_files:
  - path: /etc/lab-note
    content: "{note}"
"""
NETWORK_CONFIG = f"""\
version: 2
ethernets:
  eth0:
    addresses: [{ADDRESS}/24]
"""


class Shared(NamedTuple):
    """The guest's login, what installing it printed, and what the host held before and after."""

    host: Host
    shell: Shell
    key: Path
    done: Done
    before: Inventory
    after: Inventory

    def running(self) -> Shell:
        """A login on the guest, which is started unless it runs."""
        if self.host.virsh("domstate", NAME) != "running":
            start(self.host, NAME, self.shell)
        self.shell.wait()
        return self.shell

    def off(self) -> None:
        """Have the guest shut off, as clones and the next boot want it."""
        if self.host.virsh("domstate", NAME) == "running":
            self.shell.wait()
            shut_down(self.host, NAME)
        wait_off(self.host, NAME)


def install(host: Host, image: Image, key: Path) -> Shared:
    """Run virtprov-install for the shared guest and wait, as told, until cloud-init is done."""
    user_data, network = host.state / "user-data", host.state / "network-config"
    public = key.with_suffix(".pub")
    user_data.write_text(USER_DATA.format(key=public.read_text().strip(), note=NOTE.replace("\n", "\\n")))
    network.write_text(NETWORK_CONFIG)
    before = inventory.take(host)
    words = [
        *("virtprov-install", "--virt-type", "qemu", "--name", NAME, "--osinfo", "debian12"),
        *("--memory", str(MEMORY_MIB), "--vcpus", "2", "--import", "--graphics", "none"),
        *("--disk", f"size={DISK_GIB},backing_store={image.disk}", "--network", "network=default"),
        *("--serial", f"pty,log.file=/var/log/libvirt/{NAME}-console.log,log.append=on"),
        "--cloud-init",
        f"clouduser-ssh-key={public},hostname={HOSTNAME},user-data={user_data},network-config={network}",
        *("--noautoconsole", "--wait", "15"),
    ]
    for _ in range(STARTS):
        done = host.run(words, deadline=INSTALL_DEADLINE)
        if done.rc == 0 or not emulator_failed(host, NAME):
            break
    assert done.rc == 0, f"virtprov-install: exit code {done.rc}\n{done.out}{done.err}"
    return Shared(host, Shell(host, ADDRESS, "debian", key), key, done, before, inventory.take(host))
