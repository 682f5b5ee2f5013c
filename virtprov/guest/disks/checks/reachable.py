"""Check whether QEMU's account can reach the disks: libvirt changes the owner of files, but not of directories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.guest.disks.source import DIR, FILE, DiskSource
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.support.file_access.acl import Person
    from virtprov.xml.tree import Element

_USUAL = ("libvirt-qemu", "qemu")
"""Default accounts for QEMU: those of Debian and Fedora."""


class Barrier(Record):
    """A directory without search permission for the account, and the first disk in it."""

    directory: str
    disk: str
    person: Person

    @property
    def command(self) -> str:
        """The shell command that grants the account access."""
        import shlex

        from virtprov.support.programs import find

        if find("setfacl"):
            return f"setfacl --modify user:{self.person.name}:x {shlex.quote(self.directory)}"
        return f"chmod o+x {shlex.quote(self.directory)}"

    @property
    def sentence(self) -> str:
        """The problem, and what to do."""
        return (
            f"QEMU runs as '{self.person.name}', which has no search permission on {self.directory} and cannot "
            f"open {self.disk}: run `{self.command}`, or add --fix-permissions"
        )


def barriers(host: HostView, disks: list[Element]) -> list[Barrier]:
    """Return the directories of this machine that QEMU cannot search, the outermost first.

    Other machines and recordings are not checked; in a user session QEMU runs as that user.
    """
    sources = [DiskSource.of(disk) for disk in disks]
    return barriers_to(host, [source.path for source in sources if source.kind in (FILE, DIR)])


def barriers_to(host: HostView, paths: list[str]) -> list[Barrier]:
    """Return the directories that QEMU must search to open these files but cannot; see `barriers`."""
    if host.driver != "qemu" or host.is_remote or host.is_recorded or host.is_session:
        return []
    places = [path for path in paths if path.startswith("/")]
    who = _account(host) if places else None
    if who is None:
        return []
    from virtprov.support.file_access.acl import may_search

    results: dict[str, Barrier] = {}
    seen: set[str] = set()
    for where in places:
        for directory in _way(where):
            if directory not in seen and may_search(directory, who) is False:
                results[directory] = Barrier(directory, where, who)
            seen.add(directory)
    return list(results.values())


def _way(where: str) -> list[str]:
    """Return the directories of a path, as written and with links resolved; the outermost first."""
    way: list[str] = []
    for spelled in (where, os.path.realpath(where)):
        directories = []
        while spelled != os.path.dirname(spelled):
            spelled = os.path.dirname(spelled)
            directories.append(spelled)
        way += reversed(directories)
    return way


def _account(host: HostView) -> Person | None:
    """Return QEMU's account from libvirt's security model `dac`, otherwise one of the default accounts.

    None for root, which can search every directory, and if it is unknown.
    """
    import pwd

    for model in host.capabilities.of_host().security_models:
        label = next((text for kind, text in model.labels if kind in ("kvm", "qemu")), "")
        uid, _, gid = label.partition(":")
        if model.model == "dac" and uid.lstrip("+").isdecimal():
            number = int(uid.lstrip("+"))
            try:
                return _person(pwd.getpwuid(number))
            except KeyError:
                own = frozenset({int(gid.lstrip("+"))} if gid.lstrip("+").isdecimal() else ())
                return _to_person(str(number), number, own)
    for name in _USUAL:
        try:
            return _person(pwd.getpwnam(name))
        except KeyError:
            continue
    return None


def _person(entry: object) -> Person | None:
    name, uid, gid = entry.pw_name, entry.pw_uid, entry.pw_gid  # type: ignore[attr-defined]
    return _to_person(name, uid, frozenset(os.getgrouplist(name, gid)))


def _to_person(name: str, uid: int, groups: frozenset[int]) -> Person | None:
    from virtprov.support.file_access.acl import Person

    return Person(name, uid, groups) if uid else None
