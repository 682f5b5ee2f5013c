"""Files that only the recovery log of an interrupted command knows: no definition names them, such as a used seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.remove.things import FILE, SEED, Thing
from virtprov.actions.run.artifacts.artifact import OURS, Evidence
from virtprov.actions.run.artifacts.local_files import Download, File
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.trail_reader import read_ended_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.actions.run.trail_reader import Left
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import GuestInfo


def list_files(host: Host, info: GuestInfo) -> Iterator[Thing]:
    """Yield what commands for this guest would have deleted when it was no longer needed: seeds, uploaded media."""
    for run, log in read_ended_runs([]):
        log.close()
        if run.uri == host.uri and info.uuid in run.guests:
            for left in run.left:
                if left.artifact.passing and _is_left(host, left, run.last_seen):
                    yield from _describe(left)


def _is_left(host: Host, left: Left, last_seen: float) -> bool:
    evidence = Evidence(left.made, left.began, last_seen)
    return left.artifact.is_there(host) and left.artifact.standing(host, evidence).state == OURS


def _describe(left: Left) -> Iterator[Thing]:
    artifact = left.artifact
    if isinstance(artifact, Volume):
        kind = SEED if "-seed" in artifact.name else FILE
        yield Thing(kind, artifact.name, artifact.path, artifact.pool, key=artifact.key, mark=artifact.mark)
    elif isinstance(artifact, File) and not isinstance(artifact, Download):
        name = artifact.path.rpartition("/")[2]
        yield Thing(SEED if "-seed" in name else FILE, name, artifact.path, mark=artifact.mark)
