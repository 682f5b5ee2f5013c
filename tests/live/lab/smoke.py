"""Try the lab without virtprov: boot one guest that libvirt alone starts, and say what took how long.

Run as `python -m lab.smoke` in tests/live. When this works and a live test fails, the lab is not to blame.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from lab.guests import Shell, make_key, shut_down, wait_agent
from lab.host import Host, running_host
from lab.image import cache_root, ready_image

ADDRESS = "192.168.122.200"
GUEST = """\
<domain type='qemu'>
  <name>smoke</name>
  <memory unit='MiB'>1024</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/><apic/></features>
  <cpu mode='maximum'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='/var/lib/libvirt/images/smoke.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='/var/lib/libvirt/images/seed.img'/>
      <target dev='vdb' bus='virtio'/><readonly/>
    </disk>
    <interface type='network'><source network='default'/><model type='virtio'/></interface>
    <serial type='pty'><log file='/var/log/libvirt/smoke-console.log'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""
META_DATA = "instance-id: smoke-1\nlocal-hostname: smoke\n"
USER_DATA = "#cloud-config\nmanage_etc_hosts: true\nssh_authorized_keys: ['{key}']\n"
NETWORK_CONFIG = f"version: 2\nethernets:\n  eth0:\n    addresses: [{ADDRESS}/24]\n"


def make_seed(path: Path, key: Path) -> None:
    """A NoCloud seed as a small FAT disk."""
    files = {
        "meta-data": META_DATA,
        "user-data": USER_DATA.format(key=key.with_suffix(".pub").read_text().strip()),
        "network-config": NETWORK_CONFIG,
    }
    with path.open("wb") as file:
        file.truncate(1 << 20)
    subprocess.run(["mkfs.vfat", "-n", "CIDATA", path], check=True, stdout=subprocess.DEVNULL)
    for name, text in files.items():
        subprocess.run(["mcopy", "-i", path, "-", f"::{name}"], input=text.encode(), check=True)


def try_guest(host: Host, disk: Path) -> None:
    """Boot one guest from `disk`, printing seconds."""
    key = make_key(host.state)
    images = "/var/lib/libvirt/images"
    overlay = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(disk), "-F", "qcow2", f"{images}/smoke.qcow2", "4G"]
    assert host.execute(overlay).rc == 0
    make_seed(host.outside(f"{images}/seed.img"), key)
    host.define("", GUEST)
    started = time.monotonic()

    def say(what: str) -> None:
        stats = host.virsh("domstats", "smoke", "--cpu-total")
        spent = [int(line.partition("=")[2]) / 1e9 for line in stats.splitlines() if "cpu.time" in line]
        print(f"{time.monotonic() - started:6.1f} s, {sum(spent):6.1f} of processor time: {what}", flush=True)

    host.virsh("start", "smoke")
    say("started")
    wait_agent(host, "smoke")
    say("agent answers")
    shell = Shell(host, ADDRESS, "debian", key)
    shell.wait()
    say("ssh answers")
    print(shell.run("cloud-init status --wait --long"))
    say("cloud-init is done")
    for command in ("systemd-analyze", "systemd-analyze blame | head -12", "cloud-init analyze blame | head -14"):
        print(shell.run(command))
    host.virsh("detach-disk", "smoke", "vdb", "--config", "--live")
    say("seed detached")
    shut_down(host, "smoke")
    say("off")
    host.virsh("start", "smoke")
    shell.wait()
    say("second boot: ssh answers")
    print(shell.run("cloud-init status --long; hostname; systemd-analyze"))


if __name__ == "__main__":
    image = ready_image(print)
    with running_host(cache_root() / "runs") as lab:
        try_guest(lab, Path(sys.argv[1]) if sys.argv[1:] else image.disk)
