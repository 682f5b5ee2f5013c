"""Where the packages of the guest image come from: the archive this machine's own apt is set up with."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import NamedTuple

FALLBACK_SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ENTRY = "$(ORIGIN)|$(CODENAME)|$(REPO_URI) $(RELEASE) $(COMPONENT)"


class Sources(NamedTuple):
    """A Debian suite and one `deb` line per archive; no lines means mmdebstrap's own default archive."""

    suite: str
    lines: tuple[str, ...]


def find_sources() -> Sources:
    """Ask apt for the Debian archives it knows; on anything but Debian, leave the choice to mmdebstrap."""
    if os.environ.get("VIRTPROV_TEST_SUITE"):
        suite = os.environ["VIRTPROV_TEST_SUITE"]
    elif platform.freedesktop_os_release().get("ID") == "debian":
        suite = platform.freedesktop_os_release().get("VERSION_CODENAME", FALLBACK_SUITE)
    else:
        suite = FALLBACK_SUITE
    return Sources(suite, debian_lines(list_archives(), suite))


def list_archives() -> str:
    """What apt has indexes of, one archive component a line in the form of ENTRY."""
    argv = ["apt-get", "indextargets", "--format", ENTRY, "Created-By: Packages"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def debian_lines(listing: str, suite: str) -> tuple[str, ...]:
    """The lines of `listing` that belong to `suite` of Debian itself, with its updates and security."""
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    lines = []
    for entry in listing.splitlines():
        origin, codename, archive = entry.split("|", 2)
        if origin == "Debian" and codename in wanted:
            lines.append(f"deb [signed-by={KEYRING}] {archive}")
    return tuple(dict.fromkeys(lines))


def proxy_environment() -> dict[str, str]:
    """This process's environment, with the proxy that apt uses where the environment names none."""
    environment = dict(os.environ)
    shell = ["apt-config", "shell", "PROXY", "Acquire::http::Proxy"]
    found = subprocess.run(shell, capture_output=True, text=True, check=True).stdout.strip()
    if found and "http_proxy" not in environment:
        environment["http_proxy"] = found.removeprefix("PROXY=").strip("'")
    return environment
