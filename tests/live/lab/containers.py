"""A host of the lab that runs containers, and a root tree for them."""

from __future__ import annotations

import contextlib
import os
import pty
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from lab.host import Host, Setup, start_host

SHELL = "/bin/dash"
CONSOLE_DEADLINE = 300.0
LEAVE = b"\x1d"


@contextlib.contextmanager
def container_host(lab: Host) -> Iterator[Host]:
    """A host beside `lab` with control groups, whose libvirt is asked for containers."""
    state = lab.state / "containers"
    state.mkdir()
    host = start_host(state, Setup("virtprov-containers", cgroups=True, uri="lxc:///system"))
    try:
        yield host
    finally:
        host.stop()


def make_tree(folder: Path) -> Path:
    """A root tree with a shell as /bin/sh, the libraries it takes, and nothing else; returns it."""
    told = subprocess.run(["ldd", SHELL], capture_output=True, text=True, check=True).stdout
    libraries = [word for word in told.split() if word.startswith("/")]
    for place in (SHELL, *libraries):
        target = folder / place[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place, target)
    (folder / "bin/sh").symlink_to("dash")
    for name in ("proc", "sys", "dev", "tmp"):
        (folder / name).mkdir()
    return folder


def talk(host: Host, name: str, line: str, awaited: str) -> str:
    """Write `line` to the shell on a guest's console and return what comes back, up to `awaited`."""
    ours, theirs = pty.openpty()
    words = host.inside(["virsh", "--connect", host.uri, "console", name])
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        heard = hear(ours, "Escape character")
        os.write(ours, b"\n")
        heard += hear(ours, "#")  # a shell that is only starting throws away what was typed before
        os.write(ours, f"{line}\n".encode())
        heard += hear(ours, awaited)
        os.write(ours, LEAVE)
        process.wait(CONSOLE_DEADLINE)  # a console has one reader at a time
        return heard
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def hear(terminal: int, awaited: str) -> str:
    """Read until `awaited` has come."""
    heard, end = "", time.monotonic() + CONSOLE_DEADLINE
    with selectors.DefaultSelector() as selector:
        selector.register(terminal, selectors.EVENT_READ)
        while awaited not in heard:
            try:
                came = os.read(terminal, 4096) if selector.select(max(0, end - time.monotonic())) else b""
            except OSError:  # nobody is at the other end any more
                came = b""
            if not came:
                raise AssertionError(f"no '{awaited}' on the console, but: {heard}")
            heard += came.decode(errors="replace")
    return heard
