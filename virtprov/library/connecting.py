"""Opening a host for a program, which has no terminal to be asked at."""

from __future__ import annotations

from contextlib import contextmanager

from virtprov.host import connection
from virtprov.host.connection import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[[str, bool], str | None]

_SSH = "ssh"
_NO_TERMINAL = "no_tty"


def connect(uri: str | None = None, *, ask: Ask | None = None) -> Host:
    """Open the host at a libvirt URI; use the result in a `with` block, or call its `close()`.

    `uri`: such as "qemu:///system" or "qemu+ssh://root@far/system". None follows libvirt: $LIBVIRT_DEFAULT_URI, then
    the client's configuration, then libvirt's own choice. "recorded:///DIR" opens a host that
    `virtprov-install --record-host DIR` recorded.
    `ask(prompt, secret)` answers when the host wants a user name or a password; `secret` says that the answer must
    not be shown. Where it returns None, and without it, the connection is refused. Nothing is read from a terminal:
    ssh runs in batch mode, so it needs a key, or an agent that has one.

    Raises HostError when there is no such host, when it does not answer, or when it does not let the caller in.
    """
    import os

    uri = uri or os.environ.get("LIBVIRT_DEFAULT_URI") or None
    return connection.connect(_without_terminal(uri) if uri else None, ask=ask)


def _without_terminal(uri: str) -> str:
    """The URI with libvirt's option that keeps ssh from asking questions, where ssh is used."""
    from virtprov.host.uri import parse

    target = parse(uri)
    if target.transport != _SSH or target.option(_NO_TERMINAL):
        return uri
    return f"{uri}{'&' if target.query else '?'}{_NO_TERMINAL}=1"


@contextmanager
def opened(host: Host | str) -> Iterator[Host]:
    """The host itself, or a URI's, which is closed at the end."""
    if isinstance(host, str):
        with connect(host) as found:
            yield found
    else:
        yield host
