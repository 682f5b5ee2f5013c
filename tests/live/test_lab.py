"""The lab keeps to itself: a libvirt of its own that leaves the machine alone and is gone when it ends."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lab import inventory
from lab.guests import until
from lab.host import USER, Host, free_user, running_host, start_host
from lab.image import Image
from lab.sources import debian_lines

pytestmark = pytest.mark.live

# A test run that is killed in the middle of things: it says which process it was waiting on, then hangs.
VICTIM = """
import sys, time
from pathlib import Path
from lab.host import running_host
with running_host(Path(sys.argv[1])) as host:
    print(host.pid, flush=True)
    time.sleep(600)
"""


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_nothing_is_mounted_or_routed_outside(lab: Host) -> None:
    assert str(lab.state) not in Path("/proc/self/mountinfo").read_text()
    inside, outside = Path(f"/proc/{lab.pid}/ns"), Path("/proc/self/ns")
    assert all(os.readlink(inside / kind) != os.readlink(outside / kind) for kind in ("mnt", "net", "pid", "uts"))
    routes = lab.execute(["ip", "-4", "route"]).out.splitlines()
    reached = {route.split()[0] for route in routes if not route.startswith("10.77.")}  # further hosts of the lab
    assert reached == {"192.168.122.0/24", "192.0.2.0/24", "default"}, "guests can reach beyond the lab"
    ways_out = [route.strip() for route in routes if route.startswith("default")]
    assert ways_out == ["default via 192.0.2.1 dev uplink0"], "the way out is the one that leads nowhere"
    assert lab.execute(["ip", "link", "show", "uplink1"]).rc == 0, "its other end is in the lab as well"


def test_guests_are_emulated_on_every_machine(lab: Host) -> None:
    assert "<domain type='kvm'" not in lab.virsh("capabilities")
    assert lab.try_virsh("domcapabilities", "--virttype", "kvm").rc != 0
    assert lab.execute(["test", "-w", "/dev/kvm"]).rc != 0


def test_two_labs_do_not_meet(lab: Host, tmp_path: Path) -> None:
    before = inventory.take(lab)
    with running_host(tmp_path / "runs") as other:
        other.virsh("pool-destroy", "default")
        other.virsh("net-destroy", "default")
        assert inventory.take(lab) == before
        pid = other.pid
    assert not alive(pid)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["lock"]


def test_a_killed_run_leaves_nothing_the_next_one_minds(lab: Host, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(runs)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    pid = int(victim.stdout.readline())
    victim.kill()
    victim.communicate()
    until("the killed run's lab is gone", lambda: not alive(pid), lambda _: time.sleep(0.05), 300)
    (left,) = runs.glob("lab-*")
    with running_host(runs) as host:
        assert not left.exists()
        assert host.virsh("net-list", "--name") == "default"


def test_a_libvirtd_that_does_not_start_is_told_with_its_log(
    lab: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.host.LIBVIRTD_CONF", "no such setting\n")
    with pytest.raises(RuntimeError, match="(?s)ended with 1.*libvirtd.conf:1"):
        start_host(tmp_path)


def test_an_inventory_sees_what_is_left_behind(lab: Host) -> None:
    before = inventory.take(lab)
    leftover = lab.outside("/var/lib/libvirt/images/leftover.iso")
    leftover.touch()
    try:
        after = inventory.take(lab)
        assert set(after.files) - set(before.files) == {"/var/lib/libvirt/images/leftover.iso"}
        assert set(after.volumes) - set(before.volumes) == {
            "default: leftover.iso /var/lib/libvirt/images/leftover.iso"
        }
    finally:
        leftover.unlink()
    assert inventory.take(lab) == before


def test_commands_have_a_home_and_a_standard_input_of_their_own(lab: Host) -> None:
    done = lab.execute(["sh", "-c", "echo $HOME; pwd; cat; echo oops >&2; exit 7"], stdin="hello\n")
    assert (done.rc, done.err) == (7, "oops\n")
    assert done.out.split() == [str(lab.state / "home"), str(lab.state / "home"), "hello"]


def test_the_image_is_whole(image: Image) -> None:
    told = subprocess.run(["qemu-img", "check", "-q", "-U", image.disk], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert image.kernel.stat().st_size > image.initrd.stat().st_size > 1 << 20


def test_the_ordinary_user_is_nobody_of_this_machine() -> None:
    known = pwd.getpwall()[0]
    name, number = free_user(known.pw_name, known.pw_uid)
    assert name == f"{known.pw_name}2" and number > known.pw_uid
    with pytest.raises(KeyError):
        pwd.getpwnam(USER)


def test_only_debians_own_archives_go_into_the_image() -> None:
    listing = (
        "Debian|bookworm|http://mirror.test/debian/ bookworm main\n"
        "Debian|bookworm|http://mirror.test/debian/ bookworm main\n"
        "Debian|bookworm-security|http://mirror.test/security/ bookworm-security main\n"
        "Debian|trixie|http://mirror.test/debian/ trixie main\n"
        "Vendor|bookworm|https://vendor.test/ bookworm main\n"
        "|nodistro|https://other.test/ nodistro main\n"
    )
    ends = [line.partition("] ")[2] for line in debian_lines(listing, "bookworm")]
    assert ends == ["http://mirror.test/debian/ bookworm main", "http://mirror.test/security/ bookworm-security main"]
