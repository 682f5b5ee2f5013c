"""Connect a command to its host: libvirt's questions for a user name or a password are asked on the terminal."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.host.connection import Host

TERMINAL = "/dev/tty"


def connect(uri: str | None, *, events: bool = False) -> Host:
    """Connect to a host, as `host.connection.connect`; without a terminal, questions are not answered."""
    from virtprov.host import connection

    return connection.connect(uri, events=events, ask=ask)


def ask(prompt: str, secret: bool) -> str | None:
    """Ask on the terminal, whatever standard input is; a secret answer is not shown.

    None without a terminal, or if the user ends the input (Ctrl-D) instead of an answer. Whether to trust the key of a
    host is not asked: nobody would check it here.
    """
    import os

    from virtprov.support.terminal.visible import one_line

    if prompt.startswith("Accept SSH host key"):
        return None
    try:
        number = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    words = one_line(prompt).rstrip(": ") + ": "
    if secret:
        from getpass import getpass

        os.close(number)
        try:
            return getpass(words)
        except EOFError:  # Ctrl-D
            return None
    with os.fdopen(number, "r+b", buffering=0) as terminal:
        terminal.write(words.encode())
        line = b""
        while not line.endswith(b"\n") and (part := terminal.read(1)):
            line += part
    return line.decode(errors="replace").strip() if line else None
