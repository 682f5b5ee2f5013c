"""How to log in to a guest with ssh, whose host key is known before its first boot.

The public part of that key is in a file of its own in the user's state directory, known_hosts/UUID, which ssh reads as
its UserKnownHostsFile. A comment in it says the rest, for later commands; `find` reads it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support import dirs
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from typing import Any

FOLDER = "known_hosts"
_NOTE = "# virtprov "
_LARGEST = 65536


class Login(Record):
    """The way into a guest: its user ("" if unknown), and what ssh needs besides the address.

    `known_hosts` is the file with the guest's host key, in which it is named `uuid`; "" if the key is not known.
    `address` is set if the guest is only reached through one of its host, at `port`; otherwise the guest's own address
    is used. `host` is the name of the guest's entry in the ssh configuration `ssh_config` ("" without an entry).
    """

    user: str = ""
    uuid: str = ""
    known_hosts: str = ""
    address: str = ""
    port: int = 22
    host: str = ""
    ssh_config: str = ""

    def command(self, address: str = "") -> list[str]:
        """Return the words of the command that logs in; `address` is the guest's own."""
        if self.host:
            own = os.path.join(os.path.expanduser("~"), ".ssh", "config")
            return ["ssh", self.host] if self.ssh_config == own else ["ssh", "-F", self.ssh_config, self.host]
        options: list[str] = []
        for name, value in self.settings():
            options += ["-o", f"{name}={value}"]
        if self.port != 22:
            options += ["-p", str(self.port)]
        target = self.address or address
        return ["ssh", *options, f"{self.user}@{target}" if self.user else target]

    def line(self, address: str = "") -> str:
        """Return that command as one line for a shell."""
        import shlex

        return shlex.join(self.command(address))

    def settings(self) -> list[tuple[str, str]]:
        """Return ssh's settings (ssh_config(5)) that check the guest's host key; none if the key is not known."""
        if not self.known_hosts:
            return []
        file = f'"{self.known_hosts}"' if " " in self.known_hosts else self.known_hosts
        return [("UserKnownHostsFile", file), ("HostKeyAlias", self.uuid), ("StrictHostKeyChecking", "yes")]


def known_hosts_path(uuid: str) -> str:
    """Return the path of the file with the host key of the guest with this UUID."""
    return os.path.join(dirs.state(), "virtprov", FOLDER, uuid)


def known_hosts_text(login: Login, public_key: str) -> str:
    """Return the contents of that file: ssh's line, and the note that `find` reads."""
    import json

    note = {"user": login.user, "address": login.address, "port": login.port}
    note |= {"host": login.host, "ssh_config": login.ssh_config}
    return f"{_NOTE}{json.dumps(note)}\n{login.uuid} {public_key}\n"


def find(uuid: str) -> Login | None:
    """Return how to log in to a guest that this user made with a known host key; None for all others."""
    path = known_hosts_path(uuid)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(_LARGEST)
    except OSError:
        return None
    note = _read_note(text)
    words = {name: note[name] for name in ("user", "address", "host", "ssh_config") if isinstance(note.get(name), str)}
    port = note.get("port")
    return Login(uuid=uuid, known_hosts=path, port=port if isinstance(port, int) else 22, **words)


def _read_note(text: str) -> dict[str, Any]:
    import json

    first = text.partition("\n")[0]
    try:
        note = json.loads(first.removeprefix(_NOTE)) if first.startswith(_NOTE) else {}
    except (ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}
