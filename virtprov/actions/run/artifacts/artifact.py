"""Artifacts: what steps create or change on a host, recorded so that it can be identified later.

Each kind is a class: `Pool`, `Volume` and `Secret` in pools_and_volumes.py, guests in stored_guests.py, files of
this machine in local_files.py, permissions in directory_access.py. One function removes them, for undoing a step, for
--replace and for --clean-up. What existed before the command is never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.host.connection import Host

GONE, OURS, OTHERS, UNSURE = "gone", "ours", "others", "unsure"
EARLY, LATE = 2.0, 5.0
"""How many seconds the creation time of a file may differ from the time of the run."""


class Standing(Record):
    """Whether an artifact exists, and who created it: one of the constants above, with a reason for the last two."""

    state: str
    why: str = ""


class Evidence(Record):
    """What is known about an artifact besides its name.

    `made` means that the run recorded its creation. `began` is when the creation began, `last_seen` until when the run
    was active (0: it still is), both in seconds since 1970. `user_of` returns who uses a path, "" for nobody, `use_of`
    why a guest, given by its UUID, has to stay a template; without it that is found out.
    """

    made: bool = True
    began: float = 0.0
    last_seen: float = 0.0
    user_of: Callable[[str], str] = lambda path: ""
    use_of: Callable[[str], str] | None = None


class InUse(ProvError):
    """Raised if others now use an artifact, so it cannot be removed."""


class Artifact(Record):
    """Something that a step creates or changes. Each kind has its own fields; unknown ones are empty."""

    kind = ""
    """The name of the kind in recovery logs and JSON."""
    passing = False
    """Whether it is removed as soon as the guest no longer needs it."""
    is_one_call = False
    """Whether a single libvirt call makes the change, so that it is done completely or not at all."""

    def describe(self) -> str:
        """Return its description for messages."""
        raise NotImplementedError

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        """Return whether it exists and is the one that was created. Raises HostError if the host cannot tell."""
        raise NotImplementedError

    def take_down(self, host: Host) -> None:
        """Remove it, or restore what existed before. Raises InUse, ProvError."""
        raise NotImplementedError

    def is_there(self, host: Host) -> bool:
        """Return whether anything with its name exists."""
        return self.standing(host, Evidence()).state != GONE

    def as_json(self) -> dict[str, Any]:
        """Return its kind and its fields, without empty ones."""
        defaults = self._defaults  # type: ignore[attr-defined]
        said = {name: value for name, value in self._asdict().items() if value != defaults.get(name)}
        return {"kind": self.kind, **said}

    def facts(self) -> dict[str, str]:
        """Return its description in JSON for users: the keys are the same for all kinds."""
        fields = {"name": "", "uuid": "", "pool": "", "path": ""}
        own = self._asdict()
        named = {"name": own.get("path", ""), **own}
        return {"kind": self.kind, **{key: named.get(key, empty) for key, empty in fields.items()}}


class Aside(Artifact):
    """An artifact that is moved aside until no step can fail any more, and then removed."""

    def waits(self, host: Host, evidence: Evidence) -> Standing:
        """Return whether it is still there to be removed."""
        raise NotImplementedError

    def discard(self, host: Host) -> None:
        """Remove it. Raises ProvError."""
        raise NotImplementedError


def mark_of(path: str) -> str:
    """Return what distinguishes the file at `path` from others of the same name; "" if it is not visible here."""
    from virtprov.support.file_access.file_identity import origin

    seen = origin(path) if path.startswith("/") else None
    return f"{seen[0]}:{seen[1]:.6f}" if seen is not None else ""


def judge(known: str, now: str, evidence: Evidence) -> Standing:
    """Return whose file it is, given the mark that was recorded (`known`) and its current one (`now`).

    If its creation was not recorded, the creation time of the file decides.
    """
    if evidence.made:
        same = not known or not now or known == now
        return Standing(OURS) if same else Standing(OTHERS, "another item now has this name")
    born = float(now.partition(":")[2] or 0)
    if born and born < evidence.began - EARLY:
        return Standing(OTHERS, "it existed before the run")
    if born and (not evidence.last_seen or born <= evidence.last_seen + LATE):
        return Standing(OURS)
    return Standing(UNSURE, "it may have been created by the run or by someone else")
