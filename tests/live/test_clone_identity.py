"""A clone of a cloud guest is a machine of its own inside as well, running beside the original; or an exact copy."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lab import inventory
from lab.domain import definition, disk_paths, mac_addresses
from lab.guests import BOOT_DEADLINE, STARTS, Shell, emulator_failed, shut_down, until, wait_agent
from lab.host import Host
from lab.image import Image

pytestmark = pytest.mark.live

NAME, CLONE, TWIN = "pier", "quay", "pier-twin"
MAC = "52:54:00:16:00:01"
MACHINE_ID = "0123456789abcdef0123456789abcdef"
OWN_FILE = "/etc/systemd/network/05-own.network"
USER_DATA = f"""\
#cloud-config
write_files:
  - path: {OWN_FILE}
    content: |
      [Match]
      MACAddress={MAC}
      [Network]
      DHCP=ipv4
      # written by hand
runcmd:
  - umount /etc/machine-id || true
  - echo {MACHINE_ID} > /etc/machine-id
  - systemctl unmask systemd-machine-id-commit.service
"""
NETWORK_CONFIG = f"version: 2\nethernets: {{eth0: {{match: {{macaddress: '{MAC}'}}, dhcp4: true}}}}\n"
FILES = "/etc/machine-id /etc/hostname /etc/ssh/ssh_host_ed25519_key.pub " + OWN_FILE


class Machine(NamedTuple):
    """What makes a running guest one of its kind."""

    mac: str
    address: str
    hostname: str
    machine_id: str
    host_key: str
    own_file: str


class Trio(NamedTuple):
    """The original while it was the only one, and three guests side by side; what cloning with --start printed."""

    before: Machine
    original: Machine
    clone: Machine
    twin: list[str]
    facts: dict[str, object]
    said: str


def address(host: Host, mac: str) -> str:
    """The address that the network's DHCP server has given to `mac` last; "" without one."""
    leases = [
        line.split() for line in host.virsh("net-dhcp-leases", "default", "--mac", mac).splitlines() if mac in line
    ]
    return max(leases)[4].partition("/")[0] if leases else ""


def login(host: Host, mac: str, key: Path) -> Shell:
    """A login on the guest with this MAC address, once it answers; its address may change while it starts."""
    found: list[Shell] = []

    def answers() -> bool:
        at = address(host, mac)
        found[:] = [Shell(host, at, "debian", key)] if at else []
        return bool(found) and found[0].try_run("true").rc == 0

    until(f"{mac} lets us in", answers, time.sleep, BOOT_DEADLINE)
    return found[0]


def look(shell: Shell) -> Machine:
    words = shell.run(
        "cat /sys/class/net/eth0/address; hostname; cat /etc/machine-id; "
        f"sudo cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub; base64 -w0 {OWN_FILE}; echo; "
        "grep -c machine-id /proc/mounts || true"
    ).split()
    assert words.pop() == "0", "the machine-id is on the disk"
    mac, hostname, machine_id, key, own = words
    return Machine(mac, shell.address, hostname, machine_id, key, base64.b64decode(own).decode())


def ask_agent(host: Host, name: str, command: str, **arguments: object) -> dict[str, object]:
    """Ask the agent of a guest; again where libvirt gives it up, to which it grants five seconds."""
    words, answers = json.dumps({"execute": command, "arguments": arguments}), list[dict[str, object]]()

    def answered() -> bool:
        done = host.try_virsh("qemu-agent-command", name, words)
        answers.extend([json.loads(done.out)["return"]] if done.rc == 0 else [])
        return bool(answers)

    until(f"the agent of {name} answers to {command}", answered, time.sleep, 300)
    return answers[0]


def read_by_agent(host: Host, name: str) -> list[str]:
    """Each of FILES in a guest that has no network."""
    begun = ask_agent(
        host, name, "guest-exec", path="/bin/sh", arg=["-c", f"grep -h . {FILES}"], **{"capture-output": True}
    )

    state: dict[str, object] = {}

    def ended() -> bool:
        state.update(ask_agent(host, name, "guest-exec-status", pid=begun["pid"]))
        return bool(state["exited"])

    until("the agent has read the files", ended, time.sleep, 300)
    return base64.b64decode(str(state["out-data"])).decode().splitlines()


def install(host: Host, image: Image, key: Path) -> None:
    """Make the guest that is cloned, as its own seed wants it."""
    user_data, network = host.state / "pier-user-data", host.state / "pier-network"
    user_data.write_text(USER_DATA)
    network.write_text(NETWORK_CONFIG)
    words = [
        *("virtprov-install", "--virt-type", "qemu", "--name", NAME, "--osinfo", "debian12", "--import"),
        *("--memory", "640", "--vcpus", "1", "--graphics", "none", "--noautoconsole", "--wait", "15"),
        *("--disk", f"size=3,backing_store={image.disk}", "--network", f"network=default,mac={MAC}", "--cloud-init"),
        f"clouduser-ssh-key={key}.pub,hostname={NAME},user-data={user_data},network-config={network}",
    ]
    for _ in range(STARTS):
        done = host.run(words, deadline=960)
        if done.rc == 0 or not emulator_failed(host, NAME):
            break
    assert done.rc == 0, f"virtprov-install: exit code {done.rc}\n{done.out}{done.err}"


def ssh_config(host: Host) -> Path:
    """The file that gets an entry for the clone."""
    return host.state / "home/clone-ssh-config"


def begin_clone(host: Host) -> subprocess.Popen[str]:
    """Begin to clone the guest, and return once the copy runs, while the command waits for cloud-init in it."""
    words: list[str | Path] = ["virtprov-clone", NAME, "--name", CLONE, "--auto-clone", "--start", "--wait", "15"]
    words += ["--ssh-config", ssh_config(host), "--output", "json"]
    process = subprocess.Popen(
        host.inside(host.own(words)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def runs() -> bool:
        return process.poll() is not None or host.try_virsh("domstate", CLONE).out.strip() == "running"

    until(f"{CLONE} runs", runs, time.sleep, BOOT_DEADLINE)
    return process


@pytest.fixture(scope="module")
def trio(lab: Host, image: Image, key: Path) -> Iterator[Trio]:
    install(lab, image, key)
    before = look(login(lab, MAC, key))
    shut_down(lab, NAME)
    twin = lab.run(["virtprov-clone", NAME, "--name", TWIN, "--auto-clone", "--identity", "keep"])
    assert twin.rc == 0 and "virt-sysprep" in twin.err, twin.err
    process = begin_clone(lab)
    for name in (TWIN, NAME):
        lab.virsh("start", name)
    out, err = process.communicate(timeout=1200)
    assert process.returncode == 0, f"virtprov-clone: exit code {process.returncode}\n{out}{err}"
    (mac,) = mac_addresses(definition(lab, CLONE))
    clone = look(login(lab, mac, key))
    original = look(login(lab, MAC, key))
    wait_agent(lab, TWIN)
    yield Trio(before, original, clone, read_by_agent(lab, TWIN), json.loads(out), err)
    for name in set(lab.virsh("list", "--all", "--name").split()) & {NAME, CLONE, TWIN}:
        paths = disk_paths(definition(lab, name))
        lab.try_virsh("destroy", name)
        lab.virsh("undefine", name, "--nvram", "--storage", paths[0])


def test_the_original_was_a_machine_of_its_own_before(trio: Trio) -> None:
    assert (trio.before.mac, trio.before.hostname, trio.before.machine_id) == (MAC, NAME, MACHINE_ID)
    assert trio.before.host_key.startswith("AAAA") and MAC in trio.before.own_file


def test_clone_and_original_differ_side_by_side(trio: Trio) -> None:
    assert trio.clone.hostname == CLONE
    assert len(trio.clone.machine_id) == 32
    for field in ("mac", "address", "hostname", "machine_id", "host_key"):
        assert getattr(trio.clone, field) != getattr(trio.original, field), field


def test_the_original_is_as_it_was(trio: Trio) -> None:
    # its DHCP client has another identity since its machine-id is filled
    assert trio.original._replace(address="") == trio.before._replace(address="")


def test_network_files_of_the_clone_follow_its_address(trio: Trio) -> None:
    assert trio.clone.own_file == trio.before.own_file.replace(MAC, trio.clone.mac)


def test_the_command_waited_and_took_the_seed_away(trio: Trio, lab: Host) -> None:
    assert (trio.facts["state"], trio.facts["created"]) == ("ready", True)
    inside = trio.facts["inside"]
    assert isinstance(inside, dict) and (inside["identity"], inside["hostname"]) == ("new", CLONE)
    assert f"`virsh reboot {CLONE}`" in trio.said
    assert not [line for line in inventory.volumes(lab) if f"{CLONE}-seed" in line]
    for inactive in (False, True):
        assert not [path for path in disk_paths(definition(lab, CLONE, inactive=inactive)) if "-seed" in path]


def test_the_host_key_of_the_clone_is_known_before_the_first_login(trio: Trio, lab: Host, key: Path) -> None:
    program, *words = shlex.split(str(trio.facts["ssh"]))
    config = ssh_config(lab)
    assert words == ["-F", str(config), CLONE] and "    StrictHostKeyChecking yes\n" in config.read_text()
    done = lab.execute([program, "-i", key, "-o", "BatchMode=yes", *words, "hostname"])
    assert done.rc == 0 and done.out.strip() == CLONE, done.err


def test_an_exact_copy_keeps_everything_inside(trio: Trio) -> None:
    key = f"ssh-ed25519 {trio.before.host_key}"
    assert trio.twin[:2] == [MACHINE_ID, NAME]
    assert trio.twin[2].startswith(key) and f"MACAddress={MAC}" in trio.twin


def test_all_are_removed_after_they_have_shut_down(trio: Trio, lab: Host, image: Image) -> None:
    """They run, and the base image of their disks is outside the host's pools."""
    done = lab.run(["virtprov-install", "--remove", NAME, CLONE, TWIN, "--yes", "--wait", "10", "--output", "json"])
    assert done.rc == 0, done.err
    facts = json.loads(done.out)
    assert (facts["removed"], facts["failed"]) == (3, 0)
    assert all(guest["running"] and guest["removed"] for guest in facts["guests"])
    assert ssh_config(lab).read_text() == ""
    kept = {(thing["kind"], thing["path"]) for guest in facts["guests"] for thing in guest["things"] if thing["why"]}
    assert ("base", str(image.disk)) in kept and image.disk.exists()
    after = inventory.take(lab)
    assert not [line for lines in after for line in lines if any(name in line for name in (NAME, CLONE, TWIN))]
