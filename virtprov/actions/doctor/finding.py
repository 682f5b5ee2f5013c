"""What a check looks for, and what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support import programs
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.host.connection import Host

OK, MISSING, LIMITED, UNKNOWN = "ok", "missing", "limited", "unknown"
"""The states: LIMITED means that something is there with a drawback, UNKNOWN that it cannot be found out from here."""
HOST, MACHINE = "host", "machine"
"""What a check is about: the host of the guests, or the machine on which the command runs."""
DEBIAN, FEDORA, ANY = "debian", "fedora", ""
"""The families of systems; ANY is a command that all of them have."""
OS_RELEASE = "/etc/os-release"


class Mend(Record):
    """A command that adds what is missing, and the family of systems that has the command."""

    system: str
    command: str


class Finding(Record):
    """What a check has found, in words; `hint` says what to do if no command does it."""

    state: str
    found: str
    mends: tuple[Mend, ...] = ()
    hint: str = ""


class Check(Record):
    """A question: what is looked for, and which features need it.

    With `is_needed`, the host cannot create guests if this is missing. `where` is HOST or MACHINE.
    """

    where = HOST
    name: str
    title: str
    used_for: str
    is_needed: bool


class HostCheck(Check):
    """A question that the host answers, if its driver is one of `drivers`; () for all."""

    look: Callable[[Host], Finding | None]
    drivers: tuple[str, ...] = ()

    def ask(self, host: Host) -> Finding | None:
        """Return what is found on a host; None if the question makes no sense there."""
        return self.look(host) if not self.drivers or host.driver in self.drivers else None


class MachineCheck(Check):
    """A question about the machine on which the command runs."""

    where = MACHINE
    look: Callable[[], Finding | None]


class Answer(Record):
    """A check and its finding."""

    check: Check
    finding: Finding

    def facts(self) -> dict[str, object]:
        """Return the JSON output; docs/reference/json.md explains each key."""
        check, finding = self.check, self.finding
        return {
            "name": check.name,
            "title": check.title,
            "where": check.where,
            "state": finding.state,
            "is_needed": check.is_needed,
            "used_for": check.used_for,
            "found": finding.found,
            "mend": [mend._asdict() for mend in finding.mends],
            "hint": finding.hint,
        }


def install(debian: str, fedora: str) -> tuple[Mend, ...]:
    """Return the commands that install packages; RHEL and its relatives have the names of Fedora."""
    known = ((DEBIAN, "apt", debian), (FEDORA, "dnf", fedora))
    return tuple(Mend(system, f"{tool} install {names}") for system, tool, names in known if names)


def run(*commands: str) -> tuple[Mend, ...]:
    """Return commands that exist on every system."""
    return tuple(Mend(ANY, command) for command in commands)


def find_program(name: str) -> Finding:
    """Look for a program on PATH."""
    path = programs.find(name)
    if path:
        return Finding(OK, path)
    return Finding(MISSING, f"the program '{name}' is not installed", install(*programs.PACKAGES[name]))


def user_here() -> str:
    """Return the name of this user, for a command."""
    import getpass
    import shlex

    try:
        return shlex.quote(getpass.getuser())
    except (KeyError, OSError):
        return "USER"


def family_here() -> str:
    """Return the family of this machine's system by os-release(5); ANY if it is another one."""
    try:
        with open(OS_RELEASE, encoding="utf-8", errors="replace") as stream:
            pairs = [line.strip().partition("=") for line in stream]
    except OSError:
        return ANY
    words = [word for key, _, value in pairs if key in ("ID", "ID_LIKE") for word in value.strip("\"'").split()]
    return next((word for word in words if word in (DEBIAN, FEDORA)), ANY)
