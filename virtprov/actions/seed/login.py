"""How to log in to a guest with ssh, whose host key is known before its first boot.

The public part of that key is in a file of its own in the user's state directory, known_hosts/UUID, which ssh reads as
its UserKnownHostsFile. A comment in it says the rest, for later commands; `find` reads it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.frozen import Record
from virtprov.support.user_files import dirs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from virtprov.cloudinit.seed_request import SeedRequest
    from virtprov.guest.host_view import HostView
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile

FOLDER = "known_hosts"
_NOTE = "# virtprov "
_NOTED = ("user", "address", "host", "ssh_config", "identity")
_LARGEST = 65536


class Login(Record):
    """The way into a guest: its user ("" if unknown), and what ssh needs besides the address.

    `known_hosts` is the file with the guest's host key, in which it is named `uuid`; "" if the key is not known.
    `address` is set if it is known beforehand: a fixed address, or one of the host that forwards `port`; otherwise the
    guest's own address is used. `host` is the name of the guest's entry in the ssh configuration `ssh_config` (""
    without one). `identity` is the file of the private key, "" where ssh finds it by itself. `jump` is a machine on the
    way, as for ssh's `-J`, "" without one.
    """

    user: str = ""
    uuid: str = ""
    known_hosts: str = ""
    address: str = ""
    port: int = 22
    host: str = ""
    ssh_config: str = ""
    identity: str = ""
    jump: str = ""

    def command(self, address: str = "") -> list[str]:
        """Return the words of the command that logs in; `address` is the guest's own."""
        if self.host:
            from virtprov.actions.seed.ssh_config import is_read_by_ssh

            file = [] if is_read_by_ssh(self.ssh_config) else ["-F", self.ssh_config]
            return ["ssh", *file, self.host]
        options: list[str] = []
        for name, value in self.settings():
            options += ["-o", f"{name}={value}"]
        if self.identity and "%" in self.identity:  # ssh looks for the file of `-i` before it reads tokens
            options += ["-o", f"IdentityFile={_quote_path(self.identity)}"]
        elif self.identity:
            options += ["-i", self.identity]
        if self.jump:
            options += ["-J", self.jump]
        if self.port != 22:
            options += ["-p", str(self.port)]
        target = self.address or address
        return ["ssh", *options, f"{self.user}@{target}" if self.user else target]

    def command_at(self, address: str, port: int) -> list[str]:
        """Return the words of the command that logs in at this place, without the guest's entry in a configuration."""
        return self._replace(host="", ssh_config="", address=address, port=port).command()

    def line(self, address: str = "") -> str:
        """Return that command as one line for a shell."""
        import shlex

        return shlex.join(self.command(address))

    def settings(self) -> list[tuple[str, str]]:
        """Return ssh's settings (ssh_config(5)) that check the guest's host key; none if the key is not known."""
        if not self.known_hosts:
            return []
        return [
            ("UserKnownHostsFile", _quote_path(self.known_hosts)),
            ("HostKeyAlias", self.uuid),
            ("StrictHostKeyChecking", "yes"),
        ]


def _quote_path(path: str) -> str:
    """Return a path for ssh's settings, where a percent sign starts a token (ssh_config(5))."""
    text = path.replace("%", "%%")
    return f'"{text}"' if " " in text else text


_USERS = {
    "alpinelinux": "alpine", "amazonlinux": "ec2-user", "archlinux": "arch", "centos": "cloud-user", "ol": "cloud-user",
    "rhel": "cloud-user",
}  # fmt: skip
"""The user of the images of a distribution, where it is not named like the distribution (cloud-init's cloud.cfg)."""
_NAMED_LIKE_IT = ("almalinux", "cirros", "debian", "fedora", "freebsd", "gentoo", "opensuse", "rocky", "ubuntu")


_OTHER_SERVICES = ("freebsd", "cirros")
"""Systems whose images have another service than cloud-init, which may not set ssh host keys."""


def default_user(profile: Profile) -> str:
    """Return the user that a system's own images create at the first boot; "" if it is not known."""
    return _USERS.get(profile.distro, profile.distro if profile.distro in _NAMED_LIKE_IT else "")


def takes_host_key(wanted: SeedRequest, profile: Profile, host: HostView) -> bool:
    """Return whether the guest will have the host key of its seed; on the test driver nothing runs."""
    others = profile.is_windows or profile.family in _OTHER_SERVICES or profile.distro in _OTHER_SERVICES
    return not (others or wanted.user_data or host.driver == "test")


_OWN_KEYS = ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss", "id_dsa")
"""The files in ~/.ssh whose keys ssh tries by itself (ssh_config(5), IdentityFile)."""


def find_identity(keys: Iterable[str]) -> str:
    """Return the file of the private key that lies beside the first of these files of public keys, NAME.pub.

    "" if there is none, and for a key that ssh tries by itself. Keys that are no files are passed over.
    """
    for text in keys:
        public = os.path.abspath(os.path.expanduser(text.removeprefix("@")))
        private = public.removesuffix(".pub")
        if private != public and os.path.isfile(public) and os.path.isfile(private):
            own = os.path.join(os.path.expanduser("~"), ".ssh")
            return "" if private in [os.path.join(own, name) for name in _OWN_KEYS] else private
    return ""


def known_hosts_path(uuid: str) -> str:
    """Return the path of the file with the host key of the guest with this UUID."""
    return os.path.join(dirs.state(), "virtprov", FOLDER, uuid)


def known_hosts_text(login: Login, public_key: str) -> str:
    """Return the contents of that file: the note that `find` reads, and ssh's line; without a key only the note."""
    import json

    note = {"user": login.user, "address": login.address, "port": login.port}
    note |= {"host": login.host, "ssh_config": login.ssh_config, "identity": login.identity}
    return f"{_NOTE}{json.dumps(note)}\n" + (f"{login.uuid} {public_key}\n" if public_key else "")


def find(uuid: str) -> Login | None:
    """Return how to log in to a guest whose login this user's commands set up; None for all others."""
    path = known_hosts_path(uuid)
    text = _read(path)
    if text is None:
        return None
    note = _read_note(text)
    words = {name: note[name] for name in _NOTED if isinstance(note.get(name), str)}
    port = note.get("port")
    file = path if _key_of(text, uuid) else ""
    return Login(uuid=uuid, known_hosts=file, port=port if isinstance(port, int) else 22, **words)


def keep_entry(login: Login, host: Host, address: str, say: Callable[[str], None]) -> None:
    """Add the guest to the ssh configuration that `login` names, and note that for `find` and `forget`.

    Raises ProvError if a file cannot be changed.
    """
    from virtprov.actions.seed import ssh_config
    from virtprov.support.file_access.files import writing

    settings = [("HostName", login.address or address), *([("User", login.user)] if login.user else [])]
    settings += [("Port", str(login.port))] if login.port != 22 else []
    settings += [("ProxyJump", login.jump)] if login.jump else []
    settings += [("IdentityFile", _quote_path(login.identity))] if login.identity else []
    ssh_config.add(login.ssh_config, login.host, login.uuid, settings + login.settings(), host, say)
    path = known_hosts_path(login.uuid)
    key = _key_of(_read(path) or "", login.uuid)
    ssh_config.make_parent(path)
    with writing(path, mode=0o600) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(known_hosts_text(login, key))


def forget(uuid: str, host: Host, say: Callable[[str], None]) -> tuple[str, ...]:
    """Remove the host key and the ssh entry of a guest that is gone; returns the files that were changed or deleted.

    Does nothing for a guest whose login was not set up here. Raises ProvError if a file cannot be changed.
    """
    from virtprov.actions.run.artifacts.local_files import unlink
    from virtprov.actions.seed import ssh_config

    known = find(uuid)
    if known is None:
        return ()
    changed = []
    if known.ssh_config and ssh_config.remove(known.ssh_config, uuid, host, say):
        changed.append(known.ssh_config)
    path = known_hosts_path(uuid)
    unlink(host, path)
    return (*changed, path)


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST)
    except OSError:
        return None


def _key_of(text: str, uuid: str) -> str:
    """Return the public key in the contents of a file for this guest; "" without one."""
    starts = f"{uuid} "
    return next((line.removeprefix(starts) for line in text.splitlines() if line.startswith(starts)), "")


def _read_note(text: str) -> dict[str, Any]:
    import json

    first = text.partition("\n")[0]
    try:
        note = json.loads(first.removeprefix(_NOTE)) if first.startswith(_NOTE) else {}
    except (ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}
