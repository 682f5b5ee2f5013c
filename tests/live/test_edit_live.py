"""virtprov-xml changes a guest while it runs: each part by libvirt's own call for it, as the guest then sees."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lab import installer
from lab.domain import definition, mac_addresses, text
from lab.guests import Shell, TooLong, listening, until
from lab.host import Done, Host
from lab.shared import MEMORY_MIB, NAME, Shared

from virtprov.actions.live.compare import REMOVAL_SECONDS

pytestmark = pytest.mark.live

IMAGES = "/var/lib/libvirt/images"
MEDIA = {"red": f"{IMAGES}/red.iso", "blue": f"{IMAGES}/blue.iso"}
CPUS, MOST_CPUS = 2, 3
LESS_MIB = MEMORY_MIB - 256
USAGE, REFUSED = 2, 3
SEEN = 300.0
"""Seconds in which a guest notices what its machine has become."""

# The machine that takes the changes: room for another processor, a drive that the image's kernel sees, a display with
# a password, and a device on the bus that nothing can be unplugged from.
PREPARED = (
    *("--edit", "--memory", f"memory={MEMORY_MIB},maxmemory={MEMORY_MIB}"),
    *("--edit", "--vcpus", f"{CPUS},maxvcpus={MOST_CPUS}"),
    *("--add-device", "--controller", "scsi,model=virtio-scsi"),
    *("--add-device", "--disk", f"{MEDIA['red']},device=cdrom,bus=scsi"),
    *("--add-device", "--graphics", "vnc,password=first"),
    *("--add-device", "--rng", "/dev/urandom,address.type=pci,address.bus=0x00,address.slot=0x12"),
)


class Live(NamedTuple):
    """The running guest, and a login on it."""

    host: Host
    shell: Shell

    def change(self, *words: str) -> Done:
        """Run virtprov-xml on the guest; it must succeed."""
        done = self.try_change(*words)
        assert done.rc == 0, f"virtprov-xml {words}: exit code {done.rc}\n{done.out}{done.err}"
        return done

    def try_change(self, *words: str) -> Done:
        return self.host.run(["virtprov-xml", NAME, *words])

    def xml(self, *, stored: bool = False) -> str:
        return self.host.virsh("dumpxml", NAME, *(["--inactive"] if stored else []))

    def memory(self) -> int:
        """The KiB that the guest has now."""
        return int(text(definition(self.host, NAME, inactive=False), "./currentMemory"))

    def sees(self, what: str, command: str, wanted: Callable[[str], bool]) -> None:
        """Wait until a command in the guest says what is wanted; nothing tells when its kernel has noticed."""
        said = ""

        def seen() -> bool:
            nonlocal said
            said = self.shell.try_run(command).out.strip()
            return wanted(said)

        try:
            until(what, seen, lambda seconds: time.sleep(min(seconds, 0.5)), SEEN)
        except TooLong as problem:
            raise TooLong(f"{problem}; the guest says: {said}") from None

    def insert(self, path: str, *words: str) -> Done:
        """Change the medium, "" ejects it; again while the guest keeps the tray: libvirt waits five seconds for it."""
        done: list[Done] = []

        def taken() -> bool:
            done.append(self.try_change("--edit", "device=cdrom", "--disk", f"path={path}", "--update", *words))
            assert done[-1].rc == 0 or "tray" in done[-1].err, done[-1].err
            return done[-1].rc == 0

        until(f"the drive takes '{path}'", taken, time.sleep, SEEN)
        return done[-1]

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        self.host.virsh("suspend", NAME)
        try:
            yield
        finally:
            self.host.virsh("resume", NAME)


@pytest.fixture(scope="module")
def live(shared: Shared) -> Iterator[Live]:
    """The shared guest, started as PREPARED; afterwards it is off and defined as before."""
    host = shared.host
    shared.off()
    before = host.virsh("dumpxml", NAME, "--inactive", "--security-info")
    for word, path in MEDIA.items():
        host.outside(path).write_bytes(word.encode().ljust(1 << 20, b"\n"))
    host.virsh("pool-refresh", "default")
    volumes = volumes_of(host)
    done = host.run(["virtprov-xml", NAME, *PREPARED, "--define"])
    assert done.rc == 0, done.err
    yield Live(host, shared.running())
    shared.off()
    host.define("", before)
    for path in MEDIA.values():
        host.outside(path).unlink()
    host.virsh("pool-refresh", "default")
    for name in volumes_of(host) - volumes:
        host.virsh("vol-delete", name, "--pool", "default")


def volumes_of(host: Host) -> set[str]:
    """The names of the volumes in the pool `default`."""
    return {line.split()[0] for line in host.virsh("vol-list", "default").splitlines() if line.strip()}


def effects(done: Done) -> list[tuple[str, str, str]]:
    """The table of effects in what --output json printed: what, when, and how it went."""
    rows: list[dict[str, Any]] = json.loads(done.out)["effects"]
    return [(row["what"], row["when"], row["outcome"]) for row in rows]


def listed(shown: str) -> dict[str, str]:
    """What virsh lists as `name : value`, a line each."""
    pairs = (line.partition(":") for line in shown.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


# -- memory, processors, notes -------------------------------------------------------------------


def test_memory_goes_down_in_the_running_guest_and_in_its_definition(live: Live) -> None:
    command = "awk '/^MemTotal/ {print $2}' /proc/meminfo"
    before = int(live.shell.run(command))
    with listening(live.host, NAME, "balloon-change") as wake:
        done = live.change("--edit", "--memory", str(LESS_MIB), "--update", "--output", "json")
        assert effects(done) == [("memory", "now", "done")]
        assert text(definition(live.host, NAME), "./currentMemory") == str(LESS_MIB << 10)
        until("the balloon is blown up", lambda: live.memory() == LESS_MIB << 10, wake, SEEN)
    assert int(live.shell.run(command)) <= before - (200 << 10)


def test_more_than_the_guest_was_started_with_is_refused_or_left_to_the_definition(live: Live) -> None:
    before = live.xml(), live.xml(stored=True)
    done = live.try_change("--edit", "--memory", str(MEMORY_MIB * 2), "--update")
    assert done.rc == USAGE and "memory of 'g1' cannot be changed while the guest runs" in done.err
    assert (live.xml(), live.xml(stored=True)) == before
    words = ("--edit", "--memory", str(MEMORY_MIB * 2), "--edit", "--metadata", "title=Twice", "--both")
    done = live.change(*words, "--output", "json")
    assert effects(done) == [("memory", "next boot", ""), ("title", "now", "done")]
    lines = [line.split()[:2] for line in done.err.splitlines() if line.startswith("  ")]
    assert lines == [["now", "title"], ["next", "boot"]], done.err
    assert text(definition(live.host, NAME), "./memory") == str(MEMORY_MIB << 11)
    assert text(definition(live.host, NAME, inactive=False), "./memory") == str(MEMORY_MIB << 10)
    live.change("--edit", "--memory", f"{LESS_MIB},maxmemory={MEMORY_MIB}", "--config")


def test_a_processor_is_plugged(live: Live) -> None:
    assert live.shell.run("cat /sys/devices/system/cpu/present") == f"0-{CPUS - 1}"
    room = live.shell.run("cat /sys/devices/system/cpu/possible") == f"0-{MOST_CPUS - 1}"
    live.change("--edit", "--vcpus", f"vcpu.current={MOST_CPUS}", "--live")
    if room:  # Linux 6.1 sets some aside for what may be plugged, Linux 6.12 does not on an emulated processor
        live.sees(
            "the guest has another processors at the moment",
            "cat /sys/devices/system/cpu/present",
            lambda out: out == f"0-{MOST_CPUS - 1}",
        )
    assert live.host.virsh("vcpucount", NAME, "--live", "--active") == str(MOST_CPUS)
    assert live.host.virsh("vcpucount", NAME, "--config", "--active") == str(CPUS)


def test_title_and_description(live: Live) -> None:
    live.change("--edit", "--metadata", "title=The harbour,description=Where ships are", "--update")
    for side in ("--live", "--config"):
        assert live.host.virsh("desc", NAME, side, "--title") == "The harbour"
        assert live.host.virsh("desc", NAME, side) == "Where ships are"


# -- devices come and go -------------------------------------------------------------------------


def test_a_disk_and_an_interface_come_and_go(live: Live) -> None:
    done = live.change(
        *("--add-device", "--disk", "size=1,serial=HOT,bus=virtio"),
        *("--add-device", "--network", "network=default,mac=52:54:00:aa:bb:01"),
        *("--update", "--output", "json"),
    )
    target, _ = (what.rpartition(" ")[2] for what, _, _ in effects(done))
    assert [(what.split()[:2], when, how) for what, when, how in effects(done)] == [
        (["new", "disk"], "now", "done"),
        (["new", "network"], "now", "done"),
    ]
    live.sees("the guest has the disk", "cat /sys/block/vd*/serial", lambda out: "HOT" in out)
    live.sees("the guest has the interface", "cat /sys/class/net/*/address", lambda out: "52:54:00:aa:bb:01" in out)
    assert "52:54:00:aa:bb:01" in mac_addresses(definition(live.host, NAME))
    began = time.monotonic()
    done = live.change(
        *("--remove-device", "--disk", f"target.dev={target}"),
        *("--remove-device", "--network", "mac.address=52:54:00:aa:bb:01"),
        *("--update", "--output", "json"),
    )
    slow = time.monotonic() - began >= REMOVAL_SECONDS  # a guest on a busy machine may be given up
    hows = {"done", "pending"} if slow else {"done"}
    assert [(what.split()[:3], when) for what, when, _ in effects(done)] == [
        (["removal", "of", "disk"], "now"),
        (["removal", "of", "network"], "now"),
    ]
    assert {how for _, _, how in effects(done)} <= hows
    until("both are gone", lambda: "HOT" not in live.xml() and "aa:bb:01" not in live.xml(), time.sleep, SEEN)
    for stored in (False, True):
        assert "HOT" not in live.xml(stored=stored) and "52:54:00:aa:bb:01" not in live.xml(stored=stored)
    assert "HOT" not in live.shell.run("cat /sys/block/vd*/serial")
    assert "52:54:00:aa:bb:01" not in live.shell.run("cat /sys/class/net/*/address")


def test_a_suspended_guest_lets_go_later(live: Live) -> None:
    live.change("--add-device", "--network", "network=default,mac=52:54:00:aa:bb:02", "--live")
    live.sees("the guest has the interface", "cat /sys/class/net/*/address", lambda out: "52:54:00:aa:bb:02" in out)
    with listening(live.host, NAME, "device-removed") as wake:
        with live.suspended():
            words = ("--remove-device", "--network", "mac.address=52:54:00:aa:bb:02", "--live", "--output", "json")
            done = live.change(*words)
            assert [(when, how) for _, when, how in effects(done)] == [("now", "pending")]
            (warning,) = json.loads(done.out)["warnings"]
            assert re.fullmatch(
                rf"guest '{NAME}' has not released its network \d yet; it will be detached when the guest releases it,"
                " or at power-off",
                warning,
            )
            assert "52:54:00:aa:bb:02" in live.xml()
        until("the interface is gone", lambda: "52:54:00:aa:bb:02" not in live.xml(), wake, SEEN)


def test_a_device_that_cannot_be_unplugged_is_refused(live: Live) -> None:
    before = live.xml(), live.xml(stored=True)
    fixed = "address.type=pci,address.bus=0x00,address.slot=0x12"
    done = live.try_change("--remove-device", "--rng", fixed, "--update")
    assert done.rc == REFUSED and "cannot detach the rng from the guest 'g1'" in done.err
    assert (live.xml(), live.xml(stored=True)) == before


def test_a_drive_that_cannot_be_plugged_is_refused_before_anything_is_done(live: Live) -> None:
    before = live.xml(), live.host.virsh("vol-list", "default")
    done = live.try_change("--add-device", "--disk", "size=1,bus=sata", "--live")
    assert done.rc == USAGE and "a drive on bus sata cannot be hot-plugged" in done.err
    assert (live.xml(), live.host.virsh("vol-list", "default")) == before


# -- devices change ------------------------------------------------------------------------------


def test_the_medium_is_changed_and_ejected(live: Live) -> None:
    read = "sudo head -c 4 /dev/sr0 || echo nothing"
    live.sees("the guest reads the first medium", read, lambda out: out == "red")
    live.insert(MEDIA["blue"])
    live.sees("the guest reads the second medium", read, lambda out: out == "blue")
    assert MEDIA["blue"] in live.xml(stored=True) and MEDIA["red"] not in live.xml(stored=True)
    done = live.insert("", "--output", "json")
    assert [(what.split(": ")[1], when, how) for what, when, how in effects(done)] == [("eject", "now", "done")]
    live.sees("the drive is empty", read, lambda out: out == "nothing")
    for stored in (False, True):
        assert MEDIA["blue"] not in live.xml(stored=stored)


ANSWERED = {
    "OEMDRV": (("--cdrom", "grub.iso", "--osinfo", "fedora40"), "ks.cfg", "poweroff"),
    "CIDATA": (("--location", "debian.iso", "--osinfo", "ubuntu24.04"), "meta-data user-data", "  shutdown: poweroff"),
}
"""The label of a disk with answers: whose installer looks for it, which files it has, and a line of them."""


@pytest.mark.parametrize("label", ANSWERED)
def test_the_answers_of_an_installer_are_read_in_a_guest(live: Live, label: str) -> None:
    """Another guest has the disk, while it is waited for; then it is gone."""
    (method, medium, *system), files, line = ANSWERED[label]
    host, volume = live.host, f"{IMAGES}/answered-unattended.iso"
    installer.copy_grub(host.state / "grub.iso") if medium == "grub.iso" else installer.write_iso(host.state / medium)
    words = ["virtprov-install", "--name", "answered", "--virt-type", "qemu", "--memory", "512", "--disk", "none"]
    words += ["--network", "none", "--graphics", "none", "--noautoconsole", "--wait", "10m", *system]
    words += [method, str(host.state / medium), "--unattended", "profile=jeos,user-login=ana,hostname=answered"]
    run = host.start(host.own(words))
    until("it is installed", lambda: host.try_virsh("domstate", "answered").out.strip() == "running", time.sleep, SEEN)
    assert stat.S_IMODE(host.outside(volume).stat().st_mode) == 0o600
    live.insert(volume)
    live.sees("its label", "sudo blkid -p -o value -s LABEL /dev/sr0", lambda out: out == label)
    read = "sudo mount -o ro /dev/sr0 /mnt && ls /mnt | xargs && cat /mnt/{}; sudo umount /mnt"
    said = live.shell.run(read.format(files.split()[-1])).splitlines()
    assert said[0] == files and line in said and not any("{{" in text for text in said)
    (child,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGINT)
    told, _ = run.communicate(timeout=SEEN)
    assert run.returncode == 130 and "continues its installation" in told, told
    assert not host.outside(volume).exists() and "answered-unattended.iso" not in volumes_of(host)
    live.insert("")
    host.try_virsh("destroy", "answered")
    host.virsh("undefine", "answered")


def test_the_password_of_the_display(live: Live) -> None:
    live.change("--edit", "--graphics", "password=second", "--update")
    for side in ([], ["--inactive"]):
        shown = live.host.virsh("dumpxml", NAME, "--security-info", *side)
        assert "passwd='second'" in shown and "passwd='first'" not in shown


def test_the_cable_is_pulled_and_plugged_in(live: Live) -> None:
    mac = "52:54:00:aa:bb:03"
    which = f"mac.address={mac}"
    live.change("--add-device", "--network", f"network=default,mac={mac}", "--live")
    name = f"$(grep -l {mac} /sys/class/net/*/address | cut -d/ -f5)"
    live.sees("the guest has the interface", f"sudo ip link set {name} up && echo up", lambda out: out == "up")
    carrier = f"cat /sys/class/net/{name}/carrier"
    live.sees("the cable is in", carrier, lambda out: out == "1")
    live.change("--edit", which, "--network", "link.state=down", "--live")
    live.sees("the cable is out", carrier, lambda out: out == "0")
    live.change("--edit", which, "--network", "link.state=up", "--live")
    live.sees("the cable is in again", carrier, lambda out: out == "1")
    live.change("--remove-device", "--network", which, "--live")


def test_an_interface_gets_its_limits_where_the_kernel_has_them(live: Live) -> None:
    mac = mac_addresses(definition(live.host, NAME))[0]
    able = live.host.try_virsh("domiftune", NAME, mac, "--inbound", "100", "--live").rc == 0
    before = listed(live.host.virsh("domiftune", NAME, mac))["inbound.average"]
    done = live.try_change("--edit", "--network", "bandwidth.inbound.average=512", "--live")
    after = listed(live.host.virsh("domiftune", NAME, mac))["inbound.average"]
    assert (done.rc, after) == ((0, "512") if able else (REFUSED, before)), done.err
    assert able or "cannot limit the interface" in done.err


def test_a_disk_gets_its_limits_by_their_own_call(live: Live) -> None:
    live.change("--edit", "--disk", "iotune.total_bytes_sec=10485760,iotune.read_iops_sec=500", "--update")
    for side in ("--live", "--config"):
        limits = listed(live.host.virsh("blkdeviotune", NAME, "vda", side))
        assert (limits["total_bytes_sec"], limits["read_iops_sec"]) == ("10485760", "500")
    live.change("--edit", "--disk", "iotune.total_bytes_sec=,iotune.read_iops_sec=", "--update")
    assert "10485760" not in live.host.virsh("blkdeviotune", NAME, "vda")
