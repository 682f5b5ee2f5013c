"""--doctor on real hosts: that of the system, that of a user, one by ssh; what it says to do mends the host."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from lab.far import Far
from lab.host import Host
from lab.user import User

pytestmark = pytest.mark.live


def examine(host: Host, uri: str | None = None) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Return the exit code of --doctor, what it prints, and the checks by their names."""
    words = ["virtprov-install", "--doctor", "--output", "json"]
    done = host.run(words, uri=uri) if uri else host.run(words)
    assert done.err == ""
    facts = json.loads(done.out)
    return done.rc, facts, {check["name"]: check for check in facts["checks"]}


def test_the_system(lab: Host) -> None:
    before = [lab.virsh(words, "--all") for words in ("net-list", "pool-list", "list")]
    code, facts, checks = examine(lab)
    assert (code, facts["ready"], facts["is_session"], facts["machine"]) == (0, True, False, "")
    assert facts["uri"] == "qemu:///system"
    states = {name: checks[name]["state"] for name in ("libvirt", "hypervisor", "network", "permissions", "qemu-img")}
    assert set(states.values()) == {"ok"}, checks
    assert "pool 'default' in " in checks["pool"]["found"] and " free" in checks["pool"]["found"]
    assert checks["permissions"]["found"].startswith("QEMU can open files in ")
    assert [lab.virsh(words, "--all") for words in ("net-list", "pool-list", "list")] == before


@pytest.fixture
def no_network(lab: Host) -> Iterator[None]:
    """The network `default` is off; it is on again afterwards."""
    lab.virsh("net-destroy", "default")
    yield
    if "default" not in lab.virsh("net-list", "--name").split():
        lab.virsh("net-start", "default")


@pytest.mark.usefixtures("no_network")
def test_the_commands_mend_what_is_missing(lab: Host) -> None:
    code, facts, checks = examine(lab)
    assert code == 1 and not facts["ready"]
    assert checks["network"]["found"] == "network 'default' is not active"
    start = shlex.split(checks["network"]["mend"][0]["command"])
    assert start[0] == "virsh" and start[-2:] == ["net-start", "default"]
    lab.virsh(*start[-2:])
    assert examine(lab)[0] == 0


def test_a_user(user: User) -> None:
    code, facts, checks = examine(user)
    assert (code, facts["is_session"], facts["uri"]) == (0, True, "qemu:///session")
    assert checks["network"]["found"].startswith("user networking") and "permissions" not in checks


def test_the_system_is_not_the_users(user: User) -> None:
    code, facts, checks = examine(user, uri="qemu:///system")
    assert code == 1 and facts["is_session"] is None and "hypervisor" not in checks
    assert checks["libvirt"]["state"] == "missing" and "qemu:///session" in checks["libvirt"]["hint"]


def test_another_machine(far: Far, lab: Host) -> None:
    code, facts, checks = examine(lab, uri=far.by_ssh())
    assert (code, facts["ready"]) == (0, True), checks
    assert facts["machine"] and checks["permissions"]["state"] == "unknown"
    assert "qemu-img" not in checks, "nobody knows the programs there"
