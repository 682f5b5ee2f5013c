"""The door to libvirt: `connect` opens a host by its URI."""

from __future__ import annotations

import os

import libvirt

from virtprov.host.guests import Writing
from virtprov.host.opening import open_connection, silence
from virtprov.host.running_guests import Running
from virtprov.host.tuning import Tuning
from virtprov.host.uri import recorded_folder
from virtprov.support.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from virtprov.host.opening import Ask


class Host(Writing, Tuning, Running):
    """A host: its view (capabilities, inventory) and the calls that change it. Made by `connect`."""

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except HostError:
            if error is None:
                raise


def connect(uri: str | None = None, *, events: bool = False, ask: Ask | None = None) -> Host:
    """Open the host at `uri`.

    None or "" follows libvirt: $LIBVIRT_DEFAULT_URI, then `uri_default` of its client configuration, then its own
    choice (qemu:///system for root, qemu:///session for others where QEMU runs, else xen, lxc ...).
    `recorded:///DIR` opens a recorded host.
    `events` makes the connection fit for waiting on a remote host's events without opening a second one; do so
    when the run is going to wait for a guest.
    `ask(prompt, secret)` is called for a user name or a password the host wants; None gives up.

    Raises HostError: no such driver, nobody listens or answers, not let in, or a URI that makes no sense.
    """
    libvirt.registerErrorHandler(silence, None)
    uri = uri or os.environ.get("LIBVIRT_DEFAULT_URI") or None
    folder = recorded_folder(uri) if uri else None
    if folder is not None:
        from virtprov.host.recording import open_inventory, read_recording

        recording = read_recording(folder)
        return Host(open_inventory(recording), recording.uri, recording, has_events=True)
    conn = open_connection(uri, ask)
    return Host(conn, str(conn.getURI()), has_events=True, reopen=lambda: open_connection(uri, ask))
