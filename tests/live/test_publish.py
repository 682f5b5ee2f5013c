"""Ports of the host that lead into a guest: through passt where the host offers it, else by QEMU alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from lab.domain import definition
from lab.guests import BOOT_DEADLINE
from lab.host import Host

pytestmark = pytest.mark.live

NAME, PORT = "shown", 8055
KNOCK = f"import socket; socket.create_connection(('127.0.0.1', {PORT}), 30)"


@pytest.fixture(scope="module")
def published(lab: Host) -> Iterator[Host]:
    """A host whose guest has a published port; nothing in the guest listens at it."""
    done = lab.run(
        [
            *("virtprov-install", "--virt-type", "qemu", "--name", NAME, "--osinfo", "generic", "--memory", "32"),
            *("--vcpus", "1", "--import", "--graphics", "none", "--disk", "none", "--noautoconsole"),
            *("--network", "user", "--publish", f"127.0.0.1:{PORT}:22"),
        ],
        deadline=BOOT_DEADLINE,
    )
    assert done.rc == 0, done.err
    yield lab
    lab.try_virsh("destroy", NAME)
    lab.virsh("undefine", NAME)


def test_the_port_is_open(published: Host) -> None:
    knocked = published.execute([sys.executable, "-c", KNOCK])
    assert knocked.rc == 0, knocked.err


def test_passt_opens_it_where_the_host_offers_that(published: Host) -> None:
    offered = "<value>passt</value>" in published.virsh("domcapabilities", "--virttype", "qemu")
    backend = definition(published, NAME).find("./devices/interface/backend")
    assert (backend is not None and backend.get("type") == "passt") == offered
    running = published.execute(["ps", "-e", "-o", "args="]).out  # it runs as passt.avx2, too
    assert (f"--tcp-ports 127.0.0.1/{PORT}:22" in running) == offered
