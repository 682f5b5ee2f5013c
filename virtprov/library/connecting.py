"""Connect to a host for a program, without using a terminal."""

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
    """Connect to the host at a libvirt URI; use the result in a `with` block, or call its `close()`.

    `uri`: such as "qemu:///system" or "qemu+ssh://root@far/system". None selects libvirt's default:
    $LIBVIRT_DEFAULT_URI, then its client configuration, then its own choice. "recorded:///DIR" opens a host that
    `virtprov-install --record-host DIR` recorded.
    `ask(prompt, secret)` is called if the host requires a user name or a password; `secret` means that the answer must
    not be shown. If it returns None, and without it, the connection fails. Nothing is read from a terminal:
    ssh runs in batch mode, so it needs a key, or an agent that has one.

    Raises HostError when there is no such host, when it does not answer, or when it does not let the caller in.
    """
    import os

    uri = uri or os.environ.get("LIBVIRT_DEFAULT_URI") or None
    return connection.connect(_without_terminal(uri) if uri else None, ask=ask)


def _without_terminal(uri: str) -> str:
    """Return the URI with libvirt's option that keeps ssh from asking questions, if ssh is used."""
    from virtprov.host.uri import parse

    target = parse(uri)
    if target.transport != _SSH or target.option(_NO_TERMINAL):
        return uri
    return f"{uri}{'&' if target.query else '?'}{_NO_TERMINAL}=1"


@contextmanager
def open_host(host: Host | str) -> Iterator[Host]:
    """Yield the host itself, or the host at a URI, which is closed at the end."""
    if isinstance(host, str):
        with connect(host) as connection:
            yield connection
    else:
        yield host
