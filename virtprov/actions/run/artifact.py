"""What steps make or change on a host, named so that it can be found again, and told from what others made.

Each kind is a class of its own: `Pool`, `Volume` and `Secret` in artifact_storage.py, guests in artifact_guests.py,
files of this machine in artifact_files.py, rights in directory_access.py. One routine takes them down, for undoing a
step, for --replace and for --clean-up alike. What was there before the command is never touched.
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
"""Seconds by which the birth of a file may miss the time in which a run is known to have been at work."""


class Standing(Record):
    """Whether an artifact is there, and whose it is: one of the words above, and for the last two why."""

    state: str
    why: str = ""


class Evidence(Record):
    """What is known of an artifact besides what it is called.

    `made`: the run noted that it was there. `began` is when the making began, `last_seen` until when the run was seen
    at work (0: it still is), both in seconds since 1970. `user_of` says who uses a path, "" for nobody.
    """

    made: bool = True
    began: float = 0.0
    last_seen: float = 0.0
    user_of: Callable[[str], str] = lambda path: ""


class InUse(ProvError):
    """Others use by now what a run made, so it stays for good."""


class Artifact(Record):
    """One thing that a step makes, or changes. Each kind has its own fields; what is not known is left empty."""

    kind = ""
    """The word for it in trails and in JSON."""
    passing = False
    """Whether it goes once the guest needs it no more."""
    is_one_call = False
    """Whether a single call of libvirt changes it: it is done or not, and nothing is left of a half of it."""

    def describe(self) -> str:
        """What it is called before the user."""
        raise NotImplementedError

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        """See whether it is there and the one that was made. Raises HostError when the host does not say."""
        raise NotImplementedError

    def take_down(self, host: Host) -> None:
        """Remove what stands, or put back what was there before it. Raises InUse, ProvError."""
        raise NotImplementedError

    def is_there(self, host: Host) -> bool:
        """Whether anything of its name is there."""
        return self.standing(host, Evidence()).state != GONE

    def as_json(self) -> dict[str, Any]:
        """Its kind and its fields, without those that say nothing."""
        defaults = self._defaults  # type: ignore[attr-defined]
        said = {name: value for name, value in self._asdict().items() if value != defaults.get(name)}
        return {"kind": self.kind, **said}

    def facts(self) -> dict[str, str]:
        """What users are told of it in JSON: the keys are the same for all kinds."""
        fields = {"name": "", "uuid": "", "pool": "", "path": ""}
        own = self._asdict()
        named = {"name": own.get("path", ""), **own}
        return {"kind": self.kind, **{key: named.get(key, empty) for key, empty in fields.items()}}


class Aside(Artifact):
    """What is put out of the way until nothing can fail any more, and then goes for good."""

    def waits(self, host: Host) -> Standing:
        """See whether what was put aside is still there, to be discarded."""
        raise NotImplementedError

    def discard(self, host: Host) -> None:
        """Remove it for good. Raises ProvError."""
        raise NotImplementedError


def mark_of(path: str) -> str:
    """What tells the file at `path` from another of its name; "" when this machine cannot see it."""
    from virtprov.support.file_identity import origin

    seen = origin(path) if path.startswith("/") else None
    return f"{seen[0]}:{seen[1]:.6f}" if seen is not None else ""


def judge(known: str, now: str, evidence: Evidence) -> Standing:
    """Say whose a file is: by the mark it is `known` by and the one it has now.

    One that was never noted as made is judged by when it was born.
    """
    if evidence.made:
        same = not known or not now or known == now
        return Standing(OURS) if same else Standing(OTHERS, "another one has its name by now")
    born = float(now.partition(":")[2] or 0)
    if born and born < evidence.began - EARLY:
        return Standing(OTHERS, "it was there before")
    if born and (not evidence.last_seen or born <= evidence.last_seen + LATE):
        return Standing(OURS)
    return Standing(UNSURE, "nothing tells whether the run made it, or somebody else")
