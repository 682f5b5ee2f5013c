"""Bare Debian roots, in which a package is installed as on a new machine; nothing boots.

A root holds what is essential, what the package depends on, and the shells and `man` that use what it brings. It is
made by mmdebstrap and kept between runs; tests work in a copy. `python -m lab.bare_root` makes those of both Debians
ahead of the tests, which may then run without a network.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lab.image import cache_root
from lab.sources import find_sources, proxy_environment

Say = Callable[[str], None]

SUITES = ("bookworm", "trixie")
TOP = Path(__file__).resolve().parents[3]
CONTROL = TOP / "packaging/debian/control"
USERS = ("bash-completion", "zsh", "fish", "man-db")
"""What uses completions and man pages."""
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
OPTIONS = (
    *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory"),
    '--aptopt=APT::Install-Recommends "0"',
    '--aptopt=Acquire::Retries "3"',
    *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
)
UNUSED_DAYS = 14
ENVIRONMENT = {
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "TERM": "dumb",
    "DEBIAN_FRONTEND": "noninteractive",
}
ENTER = """\
set -e; mount --make-rprivate /
mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; mount -t tmpfs tmpfs "$0/run"
exec chroot "$0" "$@"
"""


def dependencies() -> list[str]:
    """The packages that virtprov depends on, by its control file."""
    (package,) = (part for part in CONTROL.read_text().split("\n\n") if part.startswith("Package: virtprov\n"))
    listed = re.search(r"^Depends:(.*?)^\S", package, re.DOTALL | re.MULTILINE)
    assert listed is not None
    return re.findall(r"^ ([a-z0-9-]+)", listed[1], re.MULTILINE)


def archives(suite: str) -> list[str]:
    """The `deb` lines of this machine's own archives, for another suite; none: mmdebstrap knows one."""
    here = find_sources()
    return [re.sub(rf" {here.suite}(-\w+)? ", rf" {suite}\1 ", line) for line in here.lines if line.endswith(" main")]


def ready_root(suite: str, say: Say) -> Path:
    """The cached root of a suite, made first where there is none; two runs at a time make it once."""
    packages = [*dependencies(), *USERS]
    key = hashlib.sha256("\n".join([*packages, *OPTIONS]).encode()).hexdigest()[:16]
    folder = cache_root() / "bare"
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / f"{suite}-{key}"
    with (folder / f"{suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            make(suite, packages, root, say)
        os.utime(root)
    return root


def make(suite: str, packages: list[str], root: Path, say: Say) -> None:
    """Make a root aside, and rename it when it is whole; then remove those that nobody uses any more."""
    say(f"making a bare root of {suite}, kept in {root.parent}")
    part = root.parent / f"{suite}.part"
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    argv = [*OPTIONS, f"--include={','.join(packages)}", suite, str(part), *archives(suite)]
    done = subprocess.run(argv, env=proxy_environment(), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"mmdebstrap could not make {suite}:\n{done.stderr[-4000:]}")
    (part / "etc/dpkg/dpkg.cfg.d/99mmdebstrap").unlink()  # it would leave out our man pages
    part.rename(root)
    for old in root.parent.glob(f"{suite}-*"):
        if time.time() - old.stat().st_mtime > UNUSED_DAYS * 86400:
            shutil.rmtree(old)


def command(root: Path, argv: list[str]) -> list[str]:
    """The command that runs `argv` in a root, in namespaces of its own and without a network."""
    enter = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", ENTER, str(root)]
    return [*enter, "env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items()), *argv]


if __name__ == "__main__":
    for name in SUITES:
        ready_root(name, print)
