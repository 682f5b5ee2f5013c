"""`--shims DIR`: links with the old names, for programs that call virt-install, virt-clone and virt-xml."""

from __future__ import annotations

import os
import sys

from virtprov.cli.compat import OLD_NAMES
from virtprov.support.errors import InputError, ProvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.cli.printing.output import Output


def main(directory: str, output: Output) -> int:
    """Create the three links in a directory; links to virtprov are replaced.

    If one of the names is taken, nothing is changed. Raises InputError for that, and for a directory that does not
    exist; ProvError if virtprov's own commands are not found.
    """
    if not os.path.isdir(directory):
        raise InputError(f"--shims {directory}: directory not found", hint=f"create it with `mkdir -p {directory}`")
    links = {os.path.join(directory, name): _command(command) for name, command in OLD_NAMES.items()}
    for link in links:
        _check(link)
    for link, command in links.items():
        _replace(link, command)
    output.object("shims", {"links": dict(links)})
    output.summary(f"Created {', '.join(OLD_NAMES)} in {directory}; put it first in PATH.")
    return 0


def _command(name: str) -> str:
    """Return the path of a command of virtprov, which is beside the one that runs."""
    import shutil

    mine = sys.argv[0] if os.path.dirname(sys.argv[0]) else shutil.which(sys.argv[0]) or sys.argv[0]
    path = os.path.join(os.path.dirname(os.path.realpath(mine)), name)
    if not os.access(path, os.X_OK):
        raise ProvError(f"--shims: {path} not found", hint="install virtprov with pip, or use bin/ of a checkout")
    return path


def _check(link: str) -> None:
    """Raise InputError for a name that is taken by something else than a link to virtprov."""
    if not os.path.lexists(link):
        return
    if not os.path.islink(link):
        raise InputError(f"--shims: {link} exists and is not a link", hint="choose another directory")
    target = os.readlink(link)
    if os.path.basename(target) != OLD_NAMES[os.path.basename(link)]:
        raise InputError(
            f"--shims: {link} exists and is a link to {target}, not to virtprov", hint="choose another directory"
        )


def _replace(link: str, command: str) -> None:
    """Create a link, or replace it at once: a program may call it at any time."""
    fresh = f"{link}.virtprov-{os.getpid()}"
    os.symlink(command, fresh)
    try:
        os.replace(fresh, link)
    except OSError:
        os.unlink(fresh)
        raise
