"""A host for somebody who follows a page of docs/ word for word: no guests, a mirror of images, an empty home."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from lab.host import CHECKOUT, Host, running_host
from lab.image import Image, cache_root
from lab.mirror import Mirror, mirroring_debian
from tests.pages.shell import Shell


class Reader:
    """The host, and what it takes to begin again on it with the next page."""

    def __init__(self, host: Host, mirror: Mirror, commands: Path) -> None:
        self.host, self.mirror, self.commands = host, mirror, commands
        self.home = host.state / "home"
        self.paths = {str(self.home): "/home/you"}
        users = host.state / "passwd"  # ssh asks there for the home folder
        users.write_text(re.sub(r"(?m)^(root:.*):[^:]*(:[^:]*)$", rf"\1:{self.home}\2", users.read_text()))

    @contextlib.contextmanager
    def shell(self) -> Iterator[Shell]:
        """Offer a shell on the host; whatever was made with it is gone afterwards."""
        settings = {
            "PATH": f"{self.commands}:{os.environ['PATH']}",
            "TERM": "xterm",
            "PYTHON": sys.executable,
            "HOSTS": str(CHECKOUT / "tests/data/hosts"),
            "REQUESTS_CA_BUNDLE": str(self.mirror.ca),
            "VIRTPROV_IMAGE_MIRROR": self.mirror.url,
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        argv = [*self.host.entering(str(self.home), settings=words), "bash", "--norc"]
        try:
            with Shell(argv) as shell:
                yield shell
        finally:
            self.forget()

    def forget(self) -> None:
        """Remove all guests and volumes, and what is in the home folder."""
        for name in self.host.virsh("list", "--all", "--name").split():
            self.host.try_virsh("destroy", name)
            self.host.virsh("undefine", name, "--nvram", "--snapshots-metadata", "--managed-save")
        self.host.virsh("pool-refresh", "default")
        for line in self.host.virsh("vol-list", "default").splitlines():
            self.host.virsh("vol-delete", line.split()[0], "--pool", "default")
        for path in self.home.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def reading(image: Image, commands: Path = CHECKOUT / "bin") -> Iterator[Reader]:
    """Offer such a host while the block runs; `commands` is the folder with the commands."""
    with running_host(cache_root() / "runs") as host, mirroring_debian(host, image) as mirror:
        yield Reader(host, mirror, commands)
