"""What only the recovery log of an interrupted command knows goes with the guest as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.actions.remove.conftest import MakeGuest, MakeHost, disk, planned, told, uuid_of
from virtprov.actions.remove import carry_out
from virtprov.actions.request import RemoveRequest
from virtprov.actions.run.artifacts.artifact import Artifact, mark_of
from virtprov.actions.run.artifacts.local_files import Download, File
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.artifacts.stored_guests import Guest
from virtprov.actions.run.plan import RunContext
from virtprov.actions.run.trail import FileTrail
from virtprov.host.connection import Host

ME = "- definition of guest 'web'"


@pytest.fixture(autouse=True)
def own_state(home: Path) -> Path:
    """No test sees the logs of another."""
    return home


@pytest.fixture
def host(domain: MakeGuest, host_with: MakeHost) -> Host:
    """A guest whose seed is not in its definition any more."""
    return host_with(domain("web", disk("web.qcow2")), images={"web.qcow2": "", "web-seed.iso": ""})


def interrupt(host: Host, *made: Artifact, number: int = 1, ends: bool = True) -> None:
    """Leave the log of a command that has made the guest and these things, and was killed while it waited."""
    trail = FileTrail("virtprov-install", host, lambda sentence: None)
    trail.note_guest("web")
    for artifact in (*made, Guest("web", uuid_of(number))):
        trail.begin(artifact).note_created()
    if ends:
        trail.finish()
    trail.let_go()


def logs(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("run-*"))


@pytest.mark.parametrize("ends", [True, False])
def test_a_seed_that_waits_for_clean_up(
    ends: bool, host: Host, home: Path, tmp_path: Path, context_of: Callable[[Any], RunContext]
) -> None:
    seed = host.storage.volume("p", "web-seed.iso")
    assert seed is not None
    interrupt(host, Volume("web-seed.iso", "p", passing=True).as_made(host, seed), ends=ends)
    assert len(logs(home)) == 1
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == ["- disk web.qcow2", ME, "- cloud-init seed web-seed.iso"]
    assert len(logs(home)) == 1

    def new_context() -> RunContext:
        context = context_of(host)
        context.trail = FileTrail("virtprov-install", host, lambda sentence: None)
        return context

    (outcome,) = carry_out.remove(RemoveRequest(("web",)), (removal,), host, new_context)
    assert outcome.error is None and host.storage.volume_names("p") == ()
    assert logs(home) == []


def test_files_of_this_machine(host: Host, tmp_path: Path) -> None:
    seed, medium, download = (tmp_path / name for name in ("web-seed.iso", "netinst.iso", "cached.iso"))
    for path in (medium, download):
        path.touch()
    interrupt(
        host,
        *(File(str(path), mark_of(str(path)), passing=True) for path in (seed, medium)),
        Download(str(download), mark_of(str(download)), passing=True),
    )
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == ["- disk web.qcow2", ME, "- netinst.iso", "- cloud-init seed web-seed.iso"]


@pytest.mark.parametrize(
    ("number", "artifact"),
    [
        (2, Volume("web-seed.iso", "p", passing=True)),  # of another guest that had this name
        (1, Volume("web-seed.iso", "p")),  # it stays
        (1, Volume("web-seed.iso", "p", key="/other", passing=True)),  # another volume by now
        (1, Volume("gone-seed.iso", "p", passing=True)),
    ],
)
def test_what_is_not_left_of_this_guest(number: int, artifact: Artifact, host: Host, tmp_path: Path) -> None:
    interrupt(host, artifact, File("/nosuch", passing=True), number=number)
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == ["- disk web.qcow2", ME]


def test_a_run_that_goes_on_is_left_alone(host: Host, tmp_path: Path) -> None:
    trail = FileTrail("virtprov-install", host, lambda sentence: None)
    for artifact in (Volume("web-seed.iso", "p", passing=True), Guest("web", uuid_of(1))):
        trail.begin(artifact).note_created()
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == ["- disk web.qcow2", ME]
    trail.let_go()
