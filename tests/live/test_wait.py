"""What --wait waits for, and what is said when it does not come; addresses that stay."""

from __future__ import annotations

import json

import pytest
from lab.cloud import BROKEN_NAME, FAR_NAME, RESERVED, USER_NAME, Elsewhere
from lab.domain import definition
from lab.far import Far
from lab.host import Done, Host
from lab.user import User

pytestmark = pytest.mark.live

TOO_LONG, BROKEN = 4, 5


# -- ready ----------------------------------------------------------------------------------------


def test_a_guest_behind_a_published_port_is_ready_when_ssh_answers(user_guest: Elsewhere) -> None:
    made = json.loads(user_guest.done.out)
    assert made["state"] == "ready" and made["not_asked"] == []
    assert made["ssh"] == f"ssh -p {user_guest.shell.port} debian@127.0.0.1"
    reached = [stage["stage"] for stage in made["stages"]]
    assert reached[0] == "created" and reached[-1] == "end" and {"ssh", "cloud-init", "console"} <= set(reached)
    times = [stage["at"] for stage in made["stages"]]
    assert times == sorted(times)


def test_what_cannot_be_asked_is_said(far_guest: Elsewhere) -> None:
    made = json.loads(far_guest.done.out)
    assert made["state"] == "ready" and made["ssh"] == ""
    assert made["not_asked"] == ["ssh was not asked: network 'default' of the remote host is not reachable from here"]


def test_the_reboot_that_the_seed_asks_for_is_over(far_guest: Elsewhere) -> None:
    far_guest.shell.wait()
    asked = far_guest.shell.run("sudo sh -c 'stat -c %Y /var/lib/cloud/instance/sem/config_power*'")
    booted = far_guest.shell.run('date -d "$(uptime -s)" +%s')
    assert int(booted) > int(asked), "the guest has not booted again"


def test_the_reserved_address_is_the_guests_after_its_restart(far_guest: Elsewhere, far: Far) -> None:
    made = json.loads(far_guest.done.out)
    assert made["reserved"] == [RESERVED]
    far_guest.shell.wait()
    assert RESERVED in far_guest.shell.run("ip -brief -4 address show scope global")
    (mac,) = made["macs"]
    entry = f"<host mac='{mac}' name='{FAR_NAME}' ip='{RESERVED}'/>"
    assert entry in far.host.virsh("net-dumpxml", "default")
    assert entry in far.host.virsh("net-dumpxml", "default", "--inactive")


def test_the_address_is_refused_to_others(far_guest: Elsewhere, far: Far, lab: Host) -> None:
    other = ["--name", "other", "--osinfo", "generic", "--memory", "64", "--import", "--disk", "none"]
    network = f"network=default,reserve={RESERVED}"
    done = lab.run(["virtprov-install", *other, "--network", network, "--dry-run"], uri=far.by_ssh())
    assert done.rc == 3 and f"the address is already reserved for '{FAR_NAME}'" in done.err


def test_the_guest_is_described_later(user_guest: Elsewhere, user: User) -> None:
    done = user.run(["virtprov-install", "--info", USER_NAME])
    assert done.rc == 0, done.err
    state, address, login, disk = done.out.splitlines()
    assert state == f"Guest '{USER_NAME}' is running."
    assert login == f"  login:   ssh -p {user_guest.shell.port} debian@127.0.0.1"
    assert disk.endswith(f"/{USER_NAME}.qcow2 (3 GiB)")


# -- and what does not come -----------------------------------------------------------------------


def test_a_broken_seed(broken_guest: Done, user: User) -> None:
    assert broken_guest.rc == BROKEN, broken_guest.err
    error = json.loads(broken_guest.out)["error"]
    assert error["kind"] == "guest"
    assert error["message"].startswith(f"cloud-init in '{BROKEN_NAME}' reports") and "scripts" in error["message"]
    assert "guest agent: answers" in broken_guest.err
    assert "Last lines of" in broken_guest.err
    assert user.virsh("domstate", BROKEN_NAME) == "running", "the guest is left as it is"
    user.virsh("destroy", BROKEN_NAME)
    user.virsh("undefine", BROKEN_NAME, "--remove-all-storage")
    user.virsh("vol-delete", f"{BROKEN_NAME}-seed.iso", "--pool", "default")  # only the running guest had it


def test_an_empty_disk_is_not_ready(lab: Host) -> None:
    name = "blank"
    words = [
        *("virtprov-install", "--virt-type", "qemu", "--name", name, "--osinfo", "debian12", "--memory", "64"),
        *("--import", "--disk", "size=0.01", "--network", "network=default", "--graphics", "none", "--noautoconsole"),
        *("--boot", "useserial=on", "--wait"),
    ]
    done, shown = lab.run([*words, "ready,timeout=15s"]), "15 s"
    if "boot" not in done.err.partition("Last lines of the console")[2].lower():
        lab.virsh("destroy", name)  # its firmware had nothing to say yet: this machine is busy
        lab.virsh("undefine", name, "--remove-all-storage")
        done, shown = lab.run([*words, "ready,timeout=3m"]), "3 min"
    assert done.rc == TOO_LONG, done.err
    assert f"'{name}' answers neither by ssh nor by its agent after {shown}; the guest is left as it is" in done.err
    assert "DHCP leases: no address of this guest" in done.err
    assert "guest agent: not connected" in done.err
    tail = done.err.partition(f"Last lines of the console of '{name}':\n")[2]
    assert "boot" in tail.lower(), done.err
    assert definition(lab, name).findtext("./name") == name
    lab.virsh("destroy", name)
    lab.virsh("undefine", name, "--remove-all-storage")
