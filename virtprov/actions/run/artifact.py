"""What commands make on a host, named so that it can be found again, and told from what others made."""

from __future__ import annotations

from typing import Any

from virtprov.support.frozen import Record

POOL, VOLUME, FILE, ASIDE, SECRET = "pool", "volume", "file", "aside", "secret"
GUEST, START, DEFINITION, REPLACED = "guest", "start", "definition", "replaced"
RIGHTS = "rights"
KINDS = (POOL, VOLUME, FILE, ASIDE, SECRET, GUEST, START, DEFINITION, REPLACED, RIGHTS)
DISCARDED = (ASIDE, REPLACED)
"""What is put out of the way until nothing can fail any more, and then goes for good."""


class Thing(Record):
    """One thing that a step makes, or changes.

    `made` once it is there. `uuid` of guests and pools; `pool` and `path` of volumes, where "" as pool means the
    directory of the path; `key` is libvirt's for the volume, `mark` what the file at the path is known by (see
    `mark_of`), `born` when the making began. `aside` is the name under which what was there waits. Of what was there
    before: `before` its document, `active` whether it ran. `number` counts the volumes that a new pool found, or is
    the id of a run. `nvram`: the guest's UEFI variables are its own, none that were there. `passing`: it goes once
    the guest needs it no more.
    """

    kind: str
    name: str
    uuid: str = ""
    pool: str = ""
    path: str = ""
    key: str = ""
    mark: str = ""
    born: float = 0.0
    aside: str = ""
    before: str = ""
    active: bool = False
    nvram: bool = False
    passing: bool = False
    number: int = -1
    made: bool = False

    def as_json(self) -> dict[str, Any]:
        """Its fields, without those that say nothing."""
        plain = Thing(self.kind, self.name)
        return {name: value for name, value in self._asdict().items() if value != plain._asdict()[name]} | {
            "kind": self.kind,
            "name": self.name,
        }

    def words(self) -> str:
        """What it is called before the user."""
        where = f" in the pool '{self.pool}'" if self.pool else ""
        return {
            POOL: f"the storage pool '{self.name}'",
            VOLUME: f"the volume {self.name}{where}" if self.pool else f"the volume {self.path}",
            FILE: f"the file {self.path}",
            SECRET: f"the secret of {self.name}",
            ASIDE: f"{self.path}, put aside as {self.aside}",
            GUEST: f"the guest '{self.name}'",
            START: f"the running guest '{self.name}'",
            DEFINITION: f"the changed definition of '{self.name}'",
            RIGHTS: f"the right of '{self.name}' to search {self.path}",
            REPLACED: f"the guest '{self.name}', put aside as '{self.aside}'",
        }[self.kind]


def from_json(found: dict[str, Any]) -> Thing:
    """The thing that `as_json` wrote, without what a later release added; raises ValueError for what is none."""
    plain = Thing("", "")._asdict()
    known = {name: value for name, value in found.items() if name in plain}
    for name, value in known.items():
        if type(value) is not type(plain[name]) and not (type(value) is int and name == "born"):
            raise ValueError(f"{name}={value!r}")
    if known.get("kind") not in KINDS or "name" not in known:
        raise ValueError(f"kind={known.get('kind')!r}")
    return Thing(**known)


def mark_of(path: str) -> str:
    """What tells the file at `path` from another of its name; "" when this machine cannot see it."""
    from virtprov.support.file_identity import origin

    seen = origin(path) if path.startswith("/") else None
    return f"{seen[0]}:{seen[1]:.6f}" if seen is not None else ""
