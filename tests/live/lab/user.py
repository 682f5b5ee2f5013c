"""An ordinary user of the lab, with a home and a session of libvirt of their own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.host import CHECKOUT, USER, USER_ID, Host
from lab.image import Image

URI = "qemu:///session"
HOME, RUNTIME = f"/run/home/{USER}", f"/run/user/{USER_ID}"
# What the user's commands need may lie in a home that is closed to others, root's above all. In a mount namespace
# of the user's own, an open folder takes the place of each closed one and has nothing in it but what is needed.
PREPARE = f"""
home=$1 closed=$2; shift 2
mkdir -p {HOME} {RUNTIME} /run/kept
chown {USER_ID}:{USER_ID} "$home" {RUNTIME}; chmod 700 {RUNTIME}
mount --bind "$home" {HOME}
for path; do mkdir -p "/run/kept$path"; mount --rbind "$path" "/run/kept$path"; done
for path in $closed; do mount -t tmpfs -o mode=755 tmpfs "$path"; done
for path; do mkdir -p "$path"; mount --rbind "/run/kept$path" "$path"; done
echo ready
exec cat
"""


def closed_by(path: Path) -> Path | None:
    """The topmost folder on the way to `path` that an ordinary user may not pass."""
    return next((one for one in reversed(path.parents) if not one.stat().st_mode & 0o001), None)


class User(Host):
    """The host as an ordinary user meets it: every command runs with their rights, and connects to their session.

    Paths mean the same inside and outside, where they can be reached at all, except those in the user's home.
    """

    def __init__(self, lab: Host, process: subprocess.Popen[str]) -> None:
        super().__init__(lab.state / "user", process, URI)

    def outside(self, path: str) -> Path:
        """Where the machine keeps what is called `path` in the user's home."""
        assert path.startswith(f"{HOME}/"), path
        return self.state / path[len(HOME) + 1 :]

    def inside(self, argv: Sequence[str | Path]) -> list[str]:
        """The words that run `argv` as the user."""
        ids = [f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups"]
        settings = [f"USER={USER}", f"LOGNAME={USER}", f"XDG_RUNTIME_DIR={RUNTIME}"]
        return [*self.entering(HOME, before=["setpriv", *ids], settings=settings), *map(str, argv)]

    def stop_libvirtd(self, pid_file: str = f"{RUNTIME}/libvirt/libvirtd.pid") -> None:
        """End the user's libvirtd, as it does by itself when nobody has asked anything for two minutes."""
        super().stop_libvirtd(pid_file)

    def stop(self) -> None:
        """End the user's guests and daemons."""
        self.execute(["sh", "-c", "kill -9 -1"])
        super().stop()


@contextlib.contextmanager
def ordinary_user(lab: Host, image: Image) -> Iterator[User]:
    """A user of `lab` with an empty home who can read the image and the checkout; what they ran ends afterwards."""
    home = lab.state / "user"
    home.mkdir()
    needed = {path: closed_by(path) for path in (Path(sys.base_prefix), CHECKOUT, image.disk.parent)}
    kept = [path for path, closed in needed.items() if closed]
    closed = " ".join({str(path) for path in needed.values() if path})
    enter = lab.inside(["unshare", "--mount", "sh", "-euc", PREPARE, "sh", home, closed, *kept])
    process = subprocess.Popen(enter, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        process.kill()
        raise RuntimeError("there is no home for an ordinary user in the lab: see the output of mount")
    user = User(lab, process)
    try:
        yield user
    finally:
        user.stop()
