"""Ask an emulator of this machine what libvirt does not report."""

from __future__ import annotations

from virtprov.support.errors import CommandError

_SECONDS = 20.0
_CANNOT_WRITE = "does not support writes"
"""QEMU's answer (block/curl.c) when its driver for URLs is there, and is asked for a disk to write to."""


def has_url_driver(emulator: str, scheme: str) -> bool:
    """Return whether this QEMU can read a disk from an http, https or ftp URL.

    The driver can be a module in a package of its own, which no list of QEMU's tells. So QEMU is started without a
    machine and with a disk to write to at such a URL: with the driver it refuses to write, before it connects to
    anything; without, it does not know the driver.
    """
    from virtprov.support.programs import run

    disk = f"driver={scheme},node-name=probe,url={scheme}://127.0.0.1:1/probe"
    words = [emulator, "-machine", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S"]
    try:
        run([*words, "-blockdev", disk], timeout=_SECONDS)
    except CommandError as problem:
        return _CANNOT_WRITE in problem.hint
    return False
