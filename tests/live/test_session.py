"""An ordinary user runs guests of their own, without root and without a bridge."""

from __future__ import annotations

import pytest
from lab.cloud import PORT, Elsewhere
from lab.domain import definition, disk_paths
from lab.host import USER, USER_ID, Host
from lab.user import HOME, User

pytestmark = pytest.mark.live


def test_the_guest_answers_through_the_published_port(user_guest: Elsewhere) -> None:
    assert user_guest.shell.port == PORT
    user_guest.shell.wait()
    assert user_guest.shell.run("hostname") == user_guest.name
    assert user_guest.shell.run("cloud-init status") == "status: done"


def test_the_guest_is_the_users_alone(user_guest: Elsewhere, user: User, lab: Host) -> None:
    assert user.virsh("list", "--name") == user_guest.name
    assert user_guest.name not in lab.virsh("list", "--all", "--name").split()
    owners = lab.execute(["ps", "-C", "qemu-system-x86_64", "-o", "user=,args="]).out.splitlines()
    assert [line.split()[0] for line in owners if f"guest={user_guest.name}," in line] == [USER]


def test_its_files_lie_in_the_users_home(user_guest: Elsewhere, user: User) -> None:
    (path,) = disk_paths(definition(user, user_guest.name))
    assert path == f"{HOME}/.local/share/libvirt/images/{user_guest.name}.qcow2"
    assert user.outside(path).stat().st_uid == USER_ID
    assert [one.name for one in user.outside(path).parent.iterdir()] == [f"{user_guest.name}.qcow2"]


def test_a_daemon_that_ended_by_itself_is_no_trouble(user_guest: Elsewhere, user: User) -> None:
    user.stop_libvirtd()
    done = user.run(["virtprov-xml", user_guest.name, "--edit", "--metadata", "title=Back", "--define"])
    assert done.rc == 0, done.err
    assert user.virsh("desc", user_guest.name, "--title", "--config") == "Back"
    assert user.virsh("domstate", user_guest.name) == "running"


def test_it_is_removed_after_it_has_shut_down(user_guest: Elsewhere, user: User) -> None:
    (path,) = disk_paths(definition(user, user_guest.name))
    done = user.run(["virtprov-install", "--remove", user_guest.name, "--yes", "--wait", "10"])
    assert done.rc == 0, done.err
    assert user.virsh("list", "--all", "--name") == "" and not user.outside(path).exists()


def test_what_only_root_may_do_is_said(user: User) -> None:
    done = user.run(["virtprov-install", "--print-xml", "--disk", "none", "--osinfo", "generic"], uri="qemu:///system")
    assert done.rc == 3
    assert "qemu:///session" in done.err and "Traceback" not in done.err
