"""A container from a root tree: defined, started, spoken to, changed, gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.containers import container_host, make_tree, talk
from lab.domain import definition, text
from lab.host import Host

pytestmark = pytest.mark.live

NAME = "box"


@pytest.fixture(scope="module")
def containers(lab: Host) -> Iterator[Host]:
    """A host for containers."""
    with container_host(lab) as host:
        yield host


@pytest.fixture(scope="module")
def tree(containers: Host) -> Path:
    """The container's root file system, on the host."""
    return make_tree(containers.state / "root")


@pytest.fixture(scope="module")
def box(containers: Host, tree: Path) -> str:
    """A container that virtprov-install made; its shell runs."""
    done = containers.run(
        [
            *("virtprov-install", "--container", "--name", NAME, "--memory", "64", "--vcpus", "1"),
            *("--filesystem", f"{tree},/", "--boot", "init=/bin/sh", "--network", "none", "--noautoconsole"),
        ],
        deadline=600,
    )
    assert done.rc == 0, done.err
    return NAME


def test_it_is_defined_and_runs(containers: Host, box: str) -> None:
    assert containers.virsh("domstate", box) == "running"
    domain = definition(containers, box)
    assert (domain.get("type"), text(domain, "./os/type"), text(domain, "./os/init")) == ("lxc", "exe", "/bin/sh")


def test_its_shell_answers_on_the_console(containers: Host, box: str, tree: Path) -> None:
    heard = talk(containers, box, "echo I am $(($$ + 40)); echo proof >/tmp/note", "I am 41")
    assert "I am 41" in heard, "the shell is not the container's first process"
    assert (tree / "tmp/note").read_text() == "proof\n"


def test_it_is_changed(containers: Host, box: str) -> None:
    done = containers.run(["virtprov-xml", box, "--edit", "--metadata", "title=A box", "--define"])
    assert done.rc == 0, done.err
    assert containers.virsh("desc", box, "--title", "--config") == "A box"


def test_a_container_that_does_not_start_leaves_nothing(containers: Host, tree: Path) -> None:
    before = containers.virsh("list", "--all")
    done = containers.run(
        [
            *("virtprov-install", "--container", "--name", "doomed", "--memory", "64", "--network", "none"),
            *("--filesystem", f"{tree},/", "--boot", "init=/bin/nothing", "--noautoconsole"),
        ],
        deadline=600,
    )
    assert done.rc == 3, done.out + done.err
    assert "Traceback" not in done.err
    assert containers.virsh("list", "--all") == before


def test_it_goes(containers: Host, box: str, tree: Path) -> None:
    done = containers.run(["virtprov-install", "--remove", box, "--yes", "--force-off"])
    assert done.rc == 0, done.err
    assert containers.virsh("list", "--all") == ""
    assert f"keep {tree}: it is a file system of the host\n" in done.out and (tree / "tmp/note").exists()
