"""Many runs at once on one host: nobody gets what is another's, and who loses says so and leaves nothing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence

import pytest
from lab import inventory
from lab.host import Host, running_host
from lab.image import cache_root

pytestmark = pytest.mark.live

COUNT = 16
REFUSED = 3


@pytest.fixture(scope="module")
def host(prerequisites: None) -> Iterator[Host]:
    """A host of its own, without the pool `default`."""
    with running_host(cache_root() / "runs") as made:
        made.virsh("pool-destroy", "default")
        made.virsh("pool-undefine", "default")
        yield made


def install(name: str, *more: str) -> list[str]:
    """The words that make a tiny guest with a disk and an interface."""
    return [
        *("virtprov-install", "--virt-type", "qemu", "--name", name, "--osinfo", "generic", "--memory", "16"),
        *("--import", "--graphics", "none", "--noautoconsole", "--disk", "size=0.001", "--network", "default"),
        *("--check", "disk_size=off", *more),
    ]


def all_at_once(host: Host, commands: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """Start all commands, wait for all; the status of each and what it said."""
    runs: list[subprocess.Popen[str]] = [host.start(host.own(command)) for command in commands]
    told = [run.communicate(timeout=1200)[0] for run in runs]
    return [(run.returncode, text) for run, text in zip(runs, told, strict=True)]


def remove_all(host: Host) -> None:
    """Take down every guest with its disk."""
    for name in host.virsh("list", "--all", "--name").split():
        host.try_virsh("destroy", name)
        host.virsh("undefine", name, "--nvram", "--remove-all-storage")


def test_sixteen_at_once_and_the_pool_is_made_by_one(host: Host) -> None:
    assert "default" not in host.virsh("pool-list", "--all", "--name").split()
    names = [f"many{number}" for number in range(COUNT)]
    ended = all_at_once(host, [install(name) for name in names])
    assert [status for status, _ in ended] == [0] * COUNT, "\n".join(text for status, text in ended if status)
    assert sorted(host.virsh("list", "--name").split()) == sorted(names)
    documents = [host.virsh("dumpxml", name) for name in names]
    for pattern in (r"<mac address='([^']+)'", r"<source file='([^']+)'", r"<uuid>([^<]+)"):
        found = [value for text in documents for value in re.findall(pattern, text)]
        assert len(found) == len(set(found)) == COUNT, pattern
    assert inventory.rows(host.virsh("pool-list", "--all", "--name")) == ("default",)
    assert len(host.virsh("vol-list", "default").splitlines()) == COUNT
    remove_all(host)
    assert host.virsh("vol-list", "default") == ""


def test_one_of_several_gets_a_name(host: Host) -> None:
    assert "default" in host.virsh("pool-list", "--name").split()
    before = inventory.take(host)
    ended = all_at_once(host, [install("wanted") for _ in range(6)])
    won = [text for status, text in ended if status == 0]
    lost = [text for status, text in ended if status != 0]
    assert len(won) == 1, "\n".join(text for _, text in ended)
    assert [status for status, _ in ended if status] == [REFUSED] * 5
    for text in lost:
        assert "wanted" in text and "error:" in text
        assert "could not be undone" not in text and "bug" not in text
    (disk,) = re.findall(r"<source file='([^']+)'", host.virsh("dumpxml", "wanted"))
    assert host.outside(disk).exists(), "a loser took the winner's disk"
    after = inventory.take(host)
    assert len(after.guests) - len(before.guests) == 1
    assert len(after.volumes) - len(before.volumes) == 1
    remove_all(host)
    assert inventory.take(host) == before
