"""virtprov-xml --cloud-init: the next boot of a guest that is there meets a new seed, which then goes again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lab import inventory
from lab.domain import definition, disk_paths
from lab.guests import Shell
from lab.host import Done, Host
from lab.shared import ADDRESS, HOSTNAME, NAME, NETWORK_CONFIG, Shared

pytestmark = pytest.mark.live

AGAIN = "/etc/lab-again"
USER_DATA = f"""\
#cloud-config
write_files:
  - path: {AGAIN}
    content: "from the second seed\\n"
runcmd:
  - hostname >> {AGAIN}
"""
INSTANCE_ID = re.compile(r"iid-[0-9a-f-]{36}")


class Reseeded(NamedTuple):
    """What was printed for the first seed and for the one that replaced it, and the pool after each."""

    first: dict[str, dict[str, dict[str, str]]]
    second: dict[str, dict[str, dict[str, str]]]
    pools: tuple[list[str], list[str]]


def seeds(host: Host) -> list[str]:
    """The seeds in the pools of the host."""
    return [line.rsplit("/", 1)[-1] for line in inventory.volumes(host) if "-seed" in line]


def checked(done: Done) -> Done:
    assert done.rc == 0, f"virtprov-xml: exit code {done.rc}\n{done.out}{done.err}"
    return done


@pytest.fixture(scope="module")
def reseeded(shared: Shared) -> Reseeded:
    """The shared guest, off, with a seed, and then with another one in its place."""
    host: Host = shared.host
    shared.off()
    user_data, network = host.state / "user-data-again", host.state / "network-config-again"
    Path(user_data).write_text(USER_DATA)
    Path(network).write_text(NETWORK_CONFIG)
    words = f"clouduser-ssh-key={shared.key.with_suffix('.pub')},hostname={HOSTNAME},network-config={network}"
    argv = ["virtprov-xml", NAME, "--output", "json", "--cloud-init"]
    first = json.loads(checked(host.run([*argv, words])).out)
    after_first = seeds(host)
    second = json.loads(checked(host.run([*argv, f"{words},user-data={user_data}"])).out)
    return Reseeded(first, second, (after_first, seeds(host)))


@pytest.fixture(scope="module")
def booted(reseeded: Reseeded, shared: Shared) -> Iterator[Shell]:
    """A login on the guest, once cloud-init is through with the second seed."""
    shell = shared.running()
    shell.run("cloud-init status --wait || true")
    yield shell
    shared.off()


def test_the_second_seed_took_the_place_of_the_first(reseeded: Reseeded, lab: Host) -> None:
    one, other = (each["cloud_init"]["seed"] for each in (reseeded.first, reseeded.second))
    assert one["target"] == other["target"] and one["instance_id"] != other["instance_id"]
    assert reseeded.pools == ([f"{NAME}-seed.iso"], [f"{NAME}-seed-1.iso"])
    assert [path for path in disk_paths(definition(lab, NAME)) if "-seed" in path] == [other["path"]]


def test_the_boot_met_the_new_seed(booted: Shell, reseeded: Reseeded) -> None:
    met = booted.run("cat /var/lib/cloud/data/instance-id")
    assert INSTANCE_ID.fullmatch(met) and met == reseeded.second["cloud_init"]["seed"]["instance_id"]
    assert len(set(booted.run("ls /var/lib/cloud/instances").split()) - {met}) == 1  # that of the first seed
    assert booted.run(f"cat {AGAIN}").splitlines() == ["from the second seed", HOSTNAME]
    assert ADDRESS in booted.run("ip -4 address show dev eth0")


def test_it_is_taken_out_of_the_running_guest_and_deleted(booted: Shell, reseeded: Reseeded, lab: Host) -> None:
    target = reseeded.second["cloud_init"]["seed"]["target"]
    assert booted.run(f"lsblk --noheadings --output LABEL /dev/{target}") == "cidata"
    done = checked(lab.run(["virtprov-xml", NAME, "--cloud-init", "eject", "--update", "--define"]))
    assert "warning" not in done.err
    assert seeds(lab) == []
    for inactive in (False, True):
        assert not [path for path in disk_paths(definition(lab, NAME, inactive=inactive)) if "-seed" in path]
    assert booted.run(f"test -e /dev/{target} || echo gone") == "gone"


def test_a_second_time_there_is_nothing_to_take_out(booted: Shell, lab: Host) -> None:
    done = lab.run(["virtprov-xml", NAME, "--cloud-init", "eject"])
    assert done.rc == 2 and f"no drive of '{NAME}' contains a seed created by virtprov" in done.err
