"""A libvirtd that was stopped in its tracks: it accepts, and does not answer."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.guests import until
from lab.host import CHECKOUT, Host

pytestmark = pytest.mark.live

PATIENCE = 120
"""Seconds; an idle machine needs two of them, and without what is tested nothing would happen at all."""
GUEST = """\
<domain type='qemu'><name>still</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os></domain>
"""
LOST = f"""\
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from virtprov.host.daemon import opening
from virtprov.host.connection import connect
from virtprov.host.failures import Lost
opening.KEEPALIVE = (1, 2)
with connect(sys.argv[1]) as host:
    print(host.guests.names(), flush=True)
    sys.stdin.readline()
    try:
        host.guests.names()
    except Lost as lost:
        print("lost:", lost.message, flush=True)
"""


def interrupt(running: subprocess.Popen[str]) -> None:
    """Press Ctrl-C, so to say, on the command that nsenter's process entered with."""
    with contextlib.suppress(OSError):  # it has ended by now
        for child in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGINT)


def interrupt_until_ended(running: subprocess.Popen[str]) -> None:
    """Press Ctrl-C until the command ends: the first press is held back where a change is under way."""

    def press(seconds: float) -> None:
        interrupt(running)
        time.sleep(min(seconds, 0.3))

    until("the command ends", lambda: running.poll() is not None, press, PATIENCE)


def signal_libvirtd(lab: Host, name: str) -> None:
    lab.execute(["sh", "-c", f"kill -{name} $(cat /run/libvirtd.pid)"])


@pytest.fixture
def guest(lab: Host) -> Iterator[str]:
    """A guest that is off, on a libvirtd that goes on in the end."""
    lab.define("", GUEST)
    yield "still"
    signal_libvirtd(lab, "CONT")
    lab.virsh("undefine", "still")


def test_opening_is_given_up(lab: Host, guest: str) -> None:
    signal_libvirtd(lab, "STOP")
    command = lab.own(["virtprov-xml", guest, "--edit", "--memory", "32"])
    done = lab.execute(["env", "VIRTPROV_CONNECT_TIMEOUT=1", *command], deadline=PATIENCE)
    assert done.rc == 3 and "libvirt does not answer within 1 seconds" in done.err, done


def test_an_open_connection_is_lost_by_its_keepalive(lab: Host, guest: str) -> None:
    words = lab.inside([sys.executable, "-c", LOST, lab.uri])
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None and running.stdout is not None
        assert guest in running.stdout.readline()
        signal_libvirtd(lab, "STOP")
        out, _ = running.communicate("go on\n", timeout=PATIENCE)
    assert out.startswith("lost: cannot list the guests") and running.returncode == 0, out


def test_ctrl_c_is_heard_in_the_midst_of_a_call(lab: Host, guest: str) -> None:
    words = lab.inside(lab.own(["virtprov-xml", guest, "--edit", "--memory", "32", "--confirm"]))
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stdin is not None and running.stdout is not None and running.stderr is not None
        assert running.stdout.readline()  # the difference: it is about to ask
        asked = ""
        while not asked.endswith("(y/n): "):
            letter = running.stderr.read(1)
            assert letter, asked
            asked += letter
        signal_libvirtd(lab, "STOP")
        running.stdin.write("y\n")
        running.stdin.flush()
        said = ""
        while "Changing the definition" not in said:  # what takes long is told of
            said = running.stderr.readline()
            asked += said
            assert said, (running.wait(PATIENCE), asked)
        interrupt_until_ended(running)
        assert running.returncode == 130


def test_ctrl_c_is_heard_while_several_guests_are_changed(lab: Host, guest: str) -> None:
    """Nobody knows what comes of the calls that were left: this is said, and `--undo` takes it back."""
    names = [guest, "still2", "still3"]
    for name in names[1:]:
        lab.define("", GUEST.replace("still", name))
    before = [lab.virsh("dumpxml", name, "--inactive") for name in names]
    words = lab.inside(lab.own(["virtprov-xml", "still*", "--edit", "--memory", "32", "--confirm", "--jobs", "3"]))
    try:
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        ) as running:  # fmt: skip
            assert running.stdin is not None and running.stderr is not None
            said = ""
            while not said.endswith("(y/n): "):
                letter = running.stderr.read(1)
                assert letter, said
                said += letter
            signal_libvirtd(lab, "STOP")
            running.stdin.write("y\n")
            running.stdin.flush()
            while "Changing 3 guests" not in said:
                said += (line := running.stderr.readline())
                assert line, said
            interrupt_until_ended(running)
            said += running.stderr.read()
        assert running.returncode == 130, said
        signal_libvirtd(lab, "CONT")
        assert said.count("may still be changed, because the host has not answered") >= 1, said
        assert lab.run(["virtprov-xml", "--undo"]).rc == 0
        assert [lab.virsh("dumpxml", name, "--inactive") for name in names] == before
    finally:
        signal_libvirtd(lab, "CONT")
        for name in names[1:]:
            lab.virsh("undefine", name)
