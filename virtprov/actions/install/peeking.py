"""Look at files of a remote host that are in no storage pool, through a temporary pool."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from virtprov.actions.request import InstallRequest
    from virtprov.host.connection import Host

TOOL = "virtprov-install"


def peek(request: InstallRequest, host: Host) -> Callable[[str], AbstractContextManager[object]] | None:
    """Return a function that gives a directory a pool for a moment.

    None if nothing may be changed, and for a host whose files are on this machine.
    """
    if request.printing or request.dry or not host.is_remote:
        return None

    @contextmanager
    def look(directory: str) -> Iterator[None]:
        from virtprov.actions.run import trail
        from virtprov.actions.run.artifacts.pools_and_volumes import passing_pool

        log = trail.for_host(TOOL, host, lambda sentence: None)
        log.note_guest(request.name)
        try:
            with passing_pool(host, directory, lambda artifact: trail.making(log, host, artifact)):
                yield
        finally:
            if not log.is_kept:
                log.discard()

    return look
