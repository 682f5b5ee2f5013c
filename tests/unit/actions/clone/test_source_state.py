"""What the original's saved state and snapshots mean for a clone is said before anything is copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from tests.standin import StandIn
from virtprov.actions.clone import draft
from virtprov.actions.clone.draft import ClonePlan
from virtprov.actions.request import CloneRequest, DiskChoice
from virtprov.host.connection import Host, connect
from virtprov.host.facts.info import KeptStates

NODE = """<node><pool type='dir'><name>p</name><available unit='GiB'>9</available>
<target><path>{0}</path></target></pool>
<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>web</name><memory>1024</memory>
<os><type>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
<source file='{0}/web.s1'/><target dev='vda'/></disk></devices><test:runstate>5</test:runstate></domain></node>"""
SNAPSHOT = """<domainsnapshot><name>s1</name><disks><disk name='vda' snapshot='external' type='file'>
<source file='{0}/web.s1'/></disk></disks><domain><devices><disk type='file' device='disk'>
<source file='{0}/{1}'/><target dev='vda'/></disk></devices></domain></domainsnapshot>"""


class Kept(StandIn):
    """A host whose guest has a saved state, or a snapshot, which the test driver cannot make of a guest that is off."""

    def __init__(self, host: Host, *snapshots: str, saved: bool = False) -> None:
        self.real, self.texts, self.saved = host, snapshots, saved

    def guests_snapshots(self, key: str) -> tuple[str, ...]:
        return self.texts

    def guests_kept_states(self, key: str) -> KeptStates:
        return KeptStates(self.saved, (), ())


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    write_qcow2(tmp_path / "web.qcow2")
    write_qcow2(tmp_path / "web.s1", f"{tmp_path}/web.qcow2")
    place = tmp_path / "place.xml"
    place.write_text(NODE.format(tmp_path))
    with connect(f"test://{place}") as made:
        yield made


def plan(host: Any, **settings: Any) -> ClonePlan:
    request = CloneRequest(original="web", name="two", auto=True)
    return draft.plan(request._replace(**settings), host)


def test_a_saved_state_is_warned_of(host: Host) -> None:
    assert plan(host).plan.warnings == ()
    (warning,) = plan(Kept(host, saved=True)).plan.warnings
    assert "'web' has a saved state" in warning and "as after a power failure" in warning


def test_the_image_before_a_snapshot_is_warned_of(host: Host, tmp_path: Path) -> None:
    made = plan(Kept(host, SNAPSHOT.format(tmp_path, "web.qcow2")))
    (warning,) = made.plan.warnings
    assert f"the copy of vda is based on {tmp_path}/web.qcow2, which 'web' had before an external snapshot" in warning
    assert "--copy vda,format=raw" in warning
    assert any(f"shares with the original: backing image {tmp_path}/web.qcow2." in note for note in made.plan.notes)
    assert ("backing image", "shared", f"{tmp_path}/web.qcow2") in made.parts


def test_a_base_image_that_nothing_writes_to_is_only_named(host: Host, tmp_path: Path) -> None:
    made = plan(Kept(host, SNAPSHOT.format(tmp_path, "other.qcow2")))
    assert made.plan.warnings == () and any("backing image" in note for note in made.plan.notes)


def test_nothing_is_said_of_disks_that_are_not_copied(host: Host, tmp_path: Path) -> None:
    kept = Kept(host, SNAPSHOT.format(tmp_path, "web.qcow2"), saved=True)
    made = plan(kept, skip=frozenset({"vda"}))
    assert made.plan.warnings == () and not any("backing image" in note for note in made.plan.notes)
    converted = plan(kept, choices=(DiskChoice("vda", format="raw"),))
    assert not any("based on" in text for text in converted.plan.warnings)
    assert not any(part.part == "backing image" for part in converted.parts)
    given = plan(kept, document=host.guests.xml("web").encode(), original="")
    assert given.plan.warnings == ()
