"""Two edits of one guest at a time, and a fleet in which others change guests meanwhile: no change is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import many_guests
from lab.guests import until
from lab.host import Host, entered

pytestmark = pytest.mark.live

COUNT = 150
ROUNDS = 10
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64'>hvm</type></os><devices/></domain>"""
FIRST, GONE, TITLED = "second000", "second140", "second141"


def shown(host: Host) -> dict[str, str]:
    """The definitions of the guests of this module."""
    return {name: text for name, (text, _) in many_guests.read(host, "second").items()}


@pytest.fixture(scope="module")
def guests(lab: Host) -> Iterator[Host]:
    """The host with 150 guests that are never started."""
    names = [f"second{number:03d}" for number in range(COUNT)]
    many_guests.define(lab, [DOMAIN.format(name=name) for name in names])
    yield lab
    many_guests.undefine(lab, "second")


def ended(process: subprocess.Popen[str]) -> str:
    """What a command said that must end well."""
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, said
    return said


def test_two_edits_of_one_guest_at_once_are_both_there(guests: Host) -> None:
    lost = []
    for number in range(1, ROUNDS + 1):
        title, memory = f"round {number}", 64 + number
        edit = ["virtprov-xml", FIRST, "--edit"]
        one = guests.start(guests.own([*edit, "--memory", str(memory)]))
        other = guests.start(guests.own([*edit, "--metadata", f"title='{title}'"]))
        ended(one)
        ended(other)
        text = shown(guests)[FIRST]
        if title not in text or f">{memory << 10}</currentMemory>" not in text:
            lost.append(number)
    assert lost == []


def test_what_another_program_has_changed_before_the_answer_stays(guests: Host) -> None:
    """It knows no lock of ours, and libvirt no call that stores a definition only in place of a known one."""
    argv = guests.inside(guests.own(["virtprov-xml", FIRST, "--edit", "--events", "on_crash=restart", "--confirm"]))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(argv, text=True, **pipes) as running:  # type: ignore[call-overload]
        said = ""
        while not said.endswith("(y/n): "):
            letter = running.stdout.read(1)
            assert letter, said
            said += letter
        guests.virsh("desc", FIRST, "--config", "--title", "--new-desc", "of virsh")
        told, _ = running.communicate("y\n", timeout=600)
    assert running.returncode == 0, told
    assert "has been changed in the meantime; the change is applied to its current definition" in told
    text = shown(guests)[FIRST]
    assert "<title>of virsh</title>" in text and "<on_crash>restart</on_crash>" in text


def stored(host: Host, known: set[Path]) -> int:
    """How many definitions the run has stored whose journal is new."""
    return sum(path.read_bytes().count(b'{"left":') for path in journals(host) - known)


def journals(host: Host) -> set[Path]:
    return set((host.state / "home/.local/state/virtprov").glob("edit-*.jsonl"))


def go_on(process: subprocess.Popen[str], command: int) -> str:
    """Let a stopped command go on, and return what it says: nsenter stops with its child, sooner or later."""
    until_ended = time.monotonic() + 600
    while True:
        for stopped in (command, process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(stopped, signal.SIGCONT)
        try:
            return process.communicate(timeout=0.5)[0]
        except subprocess.TimeoutExpired:
            assert time.monotonic() < until_ended, "it does not go on"


def test_a_fleet_in_which_others_change_guests_meanwhile(guests: Host) -> None:
    known = journals(guests)
    process = guests.start(guests.own(["virtprov-xml", "second*", "--edit", "--memory", "96", "--keep-going"]))
    until("a definition is stored", lambda: stored(guests, known) > 0, lambda seconds: None, 300)
    (command,) = entered(process)
    os.kill(command, signal.SIGSTOP)  # until others have changed something
    assert stored(guests, known) < COUNT - 20, "the run was over before others changed anything"
    guests.virsh("undefine", GONE)
    guests.virsh("desc", TITLED, "--config", "--title", "--new-desc", "of somebody else")
    said = go_on(process, command)
    assert process.returncode == 1, said
    assert f"error: '{GONE}' is no longer defined" in said
    assert f"{COUNT - 1} of {COUNT} guests changed, 1 failed." in said
    after = shown(guests)
    assert GONE not in after and len(after) == COUNT - 1
    assert "<title>of somebody else</title>" in after[TITLED]
    assert all(f">{96 << 10}</memory>" in text for text in after.values())
    undone = guests.run(["virtprov-xml", "--undo"])
    assert undone.rc == 0, undone.err
    back = shown(guests)
    assert GONE not in back and "<title>of somebody else</title>" in back[TITLED]
    assert not any(f">{96 << 10}</memory>" in text for text in back.values())
