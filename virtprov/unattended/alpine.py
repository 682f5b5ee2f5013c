"""The overlay that starts Alpine's installer, which its media do not do by themselves.

Alpine's initramfs unpacks `*.apkovl.tar.gz` from any disk over the live system (Alpine wiki, "Alpine local backup").
The overlay runs setup-alpine once; what it leaves in /etc would be in the installed system as well, so it goes first.
"""

from __future__ import annotations

import io

_START = """\
#!/bin/sh
mv /etc/virtprov-answers /tmp/answers
rm -f /etc/local.d/virtprov.start /etc/runlevels/default/local
{password}ERASE_DISKS={disk} setup-alpine -e -f /tmp/answers && poweroff
"""
_DATE = 1577836800
"""The date of every file, 2020-01-01: the same answers give the same overlay."""


def build_overlay(answers: str, admin_hash: str, disk: str) -> bytes:
    """Return the overlay: a tar.gz with the answers and the script that starts the installer on `disk`."""
    import gzip
    import shlex
    import tarfile

    password = f"echo {shlex.quote(f'root:{admin_hash}')} | chpasswd -e\n" if admin_hash else ""
    start = _START.format(password=password, disk=shlex.quote(disk))
    files = {
        "etc/.default_boot_services": (b"", 0o644),
        "etc/virtprov-answers": (answers.encode(), 0o600),
        "etc/local.d/virtprov.start": (start.encode(), 0o700),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, (data, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), mode, _DATE
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("etc/runlevels/default/local")
        link.type, link.linkname, link.mtime = tarfile.SYMTYPE, "/etc/init.d/local", _DATE
        archive.addfile(link)
    return gzip.compress(packed.getvalue(), mtime=_DATE)
