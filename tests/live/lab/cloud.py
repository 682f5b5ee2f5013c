"""Guests from the cloud image in other places than the lab's own host; two of them may boot side by side."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from lab import last_line
from lab.far import Far
from lab.guests import Shell
from lab.host import Done, Host
from lab.image import Image
from lab.user import HOME, User

DISK_GIB = 3
MEMORY_MIB = 768
DEADLINE = 1200.0
FAR_NAME, USER_NAME, BROKEN_NAME = "distant", "modest", "cracked"
PORT = 8022
RESERVED = "192.168.122.77"
"""The address that the guest on the further host has for good."""
REBOOTING = "#cloud-config\npower_state: {mode: reboot}\n"
BROKEN = "#cloud-config\nruncmd: [[sh, -c, 'echo this is not going well; exit 3']]\n"


class Begun(NamedTuple):
    """A virtprov-install at work, and the host it runs on."""

    process: subprocess.Popen[str]
    words: list[str]

    def end(self) -> Done:
        """Wait until it ends, failures included."""
        out, err = self.process.communicate(timeout=DEADLINE)
        return Done(self.process.returncode, out, err)

    def finish(self) -> Done:
        """Wait until it ends; a failure is an error here."""
        done = self.end()
        assert done.rc == 0, f"{' '.join(self.words)}: {done.rc}\n{done.out}{done.err}"
        return done


class Elsewhere(NamedTuple):
    """A guest that answers, and what installing it printed."""

    name: str
    shell: Shell
    done: Done


def begin(
    host: Host, name: str, key: str | Path, *words: str, log: tuple[Host, str], uri: str = "", seed: str = ""
) -> Begun:
    """Start virtprov-install on `host` for a guest called `name`, which lets the owner of `key` in.

    `seed` are more sub-options of --cloud-init, `log` is the host of the guest and the path of its serial log there.
    """
    place, path = log
    argv = [
        *("virtprov-install", "--virt-type", "qemu", "--name", name, "--osinfo", "debian12", "--import"),
        *("--memory", str(MEMORY_MIB), "--vcpus", "1", "--graphics", "none", "--noautoconsole"),
        *("--wait", "ready,timeout=15m", "--output", "json", "--serial", f"pty,log.file={path}"),
        *("--cloud-init", f"clouduser-ssh-key={key}.pub,hostname={name}{seed}"),
        *words,
    ]
    own = host.inside(host.own(argv, uri=uri))
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(own, text=True, **pipes)  # type: ignore[call-overload]
    last_line.measure(name, uri or host.uri, process, place.outside(path))
    return Begun(process, argv)


def begin_far(lab: Host, far: Far, image: Image, key: Path) -> Begun:
    """A guest on the further host, over ssh, with the image sent from here; its first boot ends with a reboot."""
    (lab.state / "rebooting").write_text(REBOOTING)
    disk, network = f"upload={image.disk},size={DISK_GIB}", f"network=default,reserve={RESERVED}"
    seed = f",user-data={lab.state}/rebooting"
    log = (far.host, f"/var/log/libvirt/{FAR_NAME}.log")
    return begin(lab, FAR_NAME, key, "--disk", disk, "--network", network, log=log, uri=far.by_ssh(), seed=seed)


def finish_far(begun: Begun, far: Far, key: Path) -> Elsewhere:
    """Wait for that guest."""
    done = begun.finish()
    return Elsewhere(FAR_NAME, Shell(far.host, RESERVED, "debian", key), done)


def begin_user(user: User, image: Image, key: Path) -> Begun:
    """A guest of an ordinary user, with a port of this machine that leads into it."""
    (user.state / "key.pub").write_text(key.with_suffix(".pub").read_text())
    disk = f"size={DISK_GIB},backing_store={image.disk}"
    words = ["--disk", disk, "--network", "user", "--publish", f"127.0.0.1:{PORT}:22"]
    return begin(user, USER_NAME, f"{HOME}/key", *words, log=(user, f"{HOME}/{USER_NAME}.log"))


def begin_broken(user: User, image: Image) -> Begun:
    """A guest of the same user whose seed goes wrong."""
    (user.state / "broken").write_text(BROKEN)
    disk, seed = f"size={DISK_GIB},backing_store={image.disk}", f",user-data={HOME}/broken"
    log = (user, f"{HOME}/{BROKEN_NAME}.log")
    return begin(user, BROKEN_NAME, f"{HOME}/key", "--disk", disk, "--network", "user", log=log, seed=seed)


def finish_user(begun: Begun, lab: Host, key: Path) -> Elsewhere:
    """Wait for that guest."""
    return Elsewhere(USER_NAME, Shell(lab, "127.0.0.1", "debian", key, port=PORT), begun.finish())
