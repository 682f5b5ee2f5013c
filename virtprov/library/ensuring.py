"""--ensure: create a guest only if there is none; if there is one, it has to be as described."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.errors import Differs, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from virtprov.actions.request import InstallRequest
    from virtprov.host.connection import Host


def hold(host: Host, request: InstallRequest, say: Callable[[str], None]) -> AbstractContextManager[None]:
    """Keep other commands of this user from ensuring a guest of the same name until the block ends.

    Raises UsageError if the request names no guest, ProvError if another command does not end.
    """
    from virtprov.support.user_files import lock

    if not request.name:
        raise UsageError("--ensure requires the name of the guest", hint="add --name NAME")
    if request.reinstall:
        raise UsageError("--ensure and --reinstall cannot be used together", hint="omit one of them")
    what = f"creating '{request.name}'"
    return lock.take(f"{host.uri}\nensure\n{request.name}", what, say, who="virtprov-install")


def exists(host: Host, request: InstallRequest) -> bool:
    """Return True if the guest exists and is as described, False if there is none.

    Raises Differs if it exists and differs. Nothing is changed.
    """
    from virtprov.actions.edit.changing.described import differences

    if host.guests.find(request.name) is None:
        return False
    differing = differences(request, request.name, host)
    if differing:
        raise Differs(
            f"guest '{request.name}' exists, but differs: {'; '.join(differing)}",
            hint="nothing has been changed; change the guest with virtprov-xml, or give it another --name",
        )
    return True
