"""Block devices for the lab, made of files. Run inside it as `python loops.py FILE...`: prints one device a line.

Loop devices belong to the whole machine. These detach themselves when nobody has them open any more, and this process
holds them open: with it, at the latest when the lab ends, they go.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.host import Host

# linux/loop.h; `struct loop_config` is a descriptor, a block size, a `struct loop_info64` and eight spare words.
GET_FREE, CONFIGURE = 0x4C82, 0x4C0A
AUTOCLEAR, PARTITIONS = 4, 8
CONFIG = struct.Struct("=II40xIII I128s48x64x")
TRIES = 20


def attach(path: str) -> int:
    """Make the file a block device; returns it open."""
    backing = os.open(path, os.O_RDWR)
    try:
        for _ in range(TRIES):
            control = os.open("/dev/loop-control", os.O_RDWR)
            number = fcntl.ioctl(control, GET_FREE)
            os.close(control)
            device = os.open(f"/dev/loop{number}", os.O_RDWR)
            try:
                fcntl.ioctl(device, CONFIGURE, CONFIG.pack(backing, 0, 0, 0, 0, AUTOCLEAR | PARTITIONS, b""))
            except OSError:  # somebody else was faster
                os.close(device)
                continue
            print(f"/dev/loop{number}", flush=True)
            return device
        raise OSError(f"no free loop device for {path}")
    finally:
        os.close(backing)


@contextlib.contextmanager
def loop_devices(lab: Host, files: list[Path]) -> Iterator[list[str]]:
    """The files as block devices of the lab, in order."""
    words = lab.inside([sys.executable, __file__, *files])
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        devices = [holder.stdout.readline().strip() for _ in files]
        if not all(devices):
            raise RuntimeError("the kernel gives the lab no loop devices")
        try:
            yield devices
        finally:
            holder.stdin.close()


if __name__ == "__main__":
    held = [attach(name) for name in sys.argv[1:]]
    sys.stdin.read()
