"""Programs that call virt-install and its siblings: Ansible's collection and Cockpit's script, as they are published.

Both are fetched when they are first needed, kept between runs, and never part of the project. `python -m lab.clients`
fetches them ahead of the tests, which may then run without a network.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from lab.image import cache_root

Say = Callable[[str], None]

COLLECTION = "ansible_collections/community/libvirt"
OLDEST = (2, 3, 0)  # the first with virt_cloud_instance that pip's `ansible` carries
PIP = "pip download --quiet --disable-pip-version-check --no-input --no-deps --only-binary=:all:".split()
# The newest release of ansible is for this Python; its collections are data, which ansible-core of any version reads.
NEWEST = ["--python-version", "3.13"]
PACKAGE = "cockpit-machines"
PAGE = "usr/share/cockpit/machines/index.js.gz"
# A JavaScript string between backticks that holds a Python script, and what is escaped in such a string.
SCRIPT = re.compile(r"`(#! ?/usr/bin/python3\n(?:[^`\\]|\\.)*)`", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
FETCH_DEADLINE = 300
FRESH_DAYS = 14


class Clients(NamedTuple):
    """Where the clients are: a folder for ANSIBLE_COLLECTIONS_PATH, and the script of Cockpit's page of machines."""

    collections: Path
    cockpit: Path


def ready_clients(say: Say) -> Clients:
    """The cached clients, fetched first where there are none, or old ones; two runs at a time fetch them once."""
    root = cache_root() / "clients"
    root.mkdir(parents=True, exist_ok=True)
    clients = Clients(root / "collections", root / "install_machine.py")
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path, fetch in ((clients.collections, fetch_collection), (clients.cockpit, fetch_cockpit)):
            renew(path, fetch, say)
    return clients


def renew(path: Path, fetch: Callable[[Path, Path], None], say: Say) -> None:
    """Have `fetch(to, work)` make `path` if it is missing or old; an old one serves where that fails."""
    if path.exists() and time.time() - path.stat().st_mtime < FRESH_DAYS * 86400:
        return
    say(f"fetching a client of virt-install: {path.name}, kept in {path.parent}")
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        fresh = Path(work) / "fresh"
        try:
            fetch(fresh, Path(work))
        except subprocess.SubprocessError:
            if not path.exists():
                raise
            return
        if path.is_dir():
            shutil.rmtree(path)
        fresh.rename(path)


def fetch_collection(to: Path, work: Path) -> None:
    """Put community.libvirt of the newest `ansible` into the folder `to`."""
    call([sys.executable, "-m", *PIP, *NEWEST, "--dest", str(work), "ansible"])
    (wheel,) = work.glob("ansible-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(to, [name for name in archive.namelist() if name.startswith(f"{COLLECTION}/")])
    found = json.loads((to / COLLECTION / "MANIFEST.json").read_text())["collection_info"]["version"]
    if tuple(map(int, found.split(".")[:3])) < OLDEST:
        raise RuntimeError(f"{wheel.name} has community.libvirt {found}, which is older than {OLDEST}")


def fetch_cockpit(to: Path, work: Path) -> None:
    """Take the script of Debian's newest cockpit-machines out of its page, which is not installed."""
    download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", PACKAGE]
    if subprocess.run(download, cwd=work, capture_output=True, timeout=FETCH_DEADLINE).returncode:
        call(["apt-get", "-q", "update"])
        call(download, work)
    (package,) = work.glob(f"{PACKAGE}_*.deb")
    call(["dpkg-deb", "--extract", str(package), str(work / "root")])
    to.write_text(script_of(gzip.decompress((work / "root" / PAGE).read_bytes()).decode()))


def script_of(page: str) -> str:
    """The script that calls virt-install, among those in the page's JavaScript."""
    (found,) = (text for text in SCRIPT.findall(page) if '"virt-install"' in text)
    return re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), found, flags=re.DOTALL)


def call(argv: list[str], folder: Path | None = None) -> None:
    """Run a command; what it printed is in the error if it fails."""
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=FETCH_DEADLINE)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        done.check_returncode()


if __name__ == "__main__":
    print(*ready_clients(print), sep="\n")
