"""Linked clones that are killed at each of their points: clean-up leaves nothing over, and no template behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from tests.unit.actions.edit.test_killed_edits import clean_up, exploding
from virtprov.actions.clone import draft
from virtprov.actions.request import CloneRequest
from virtprov.actions.run import trail
from virtprov.actions.run.plan import RunContext, apply
from virtprov.host.connection import Host, connect
from virtprov.support.user_files import state

NODE = """<node><pool type='dir'><name>default</name><target><path>{folder}</path></target></pool>
<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>tmpl</name><memory>1024</memory>
<uuid>5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e01</uuid><os><type>hvm</type></os><devices><disk type='file' device='disk'>
<driver name='qemu' type='raw'/><source file='{folder}/tmpl.img'/><target dev='vda'/></disk></devices>
<test:runstate>5</test:runstate></domain></node>"""


@pytest.fixture(autouse=True)
def own_state(home: object) -> None:
    """No test sees the runs of another."""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setattr(trail, "for_host", trail.FileTrail)
    path = tmp_path / "node.xml"
    path.write_text(NODE.format(folder=tmp_path))
    (tmp_path / "tmpl.img").write_bytes(bytes(512))
    (tmp_path / "tmpl.img").chmod(0o640)
    with connect(f"test://{path}") as found:
        found.guests.set_autostart("tmpl", True)
        yield found


def look(host: Host, folder: Path) -> dict[str, object]:
    guests = {name: (host.guests.xml(name, inactive=True), host.guests.autostart(name)) for name in host.guests.names()}
    mode = (folder / "tmpl.img").stat().st_mode & 0o777
    return {**guests, "volumes": host.storage.volume_names("default"), "mode": mode}


def killed(host: Host, point: int, context: RunContext) -> str:
    """Make a linked clone in a run that is killed at a point; return where, "" if the run ended before."""
    made = draft.plan(CloneRequest(original="tmpl", name="w1", auto=True, linked=True, make_template=True), host)
    context.trail = trail.FileTrail("virtprov-clone", host, context.warn)
    with exploding(point) as bomb:
        apply(made.plan, context)
    return bomb.where


def test_a_clone_that_is_killed_anywhere_leaves_no_template(
    host: Host, tmp_path: Path, context_of: Callable[[Any], RunContext]
) -> None:
    before = look(host, tmp_path)
    for point in range(1000):
        where = killed(host, point, context_of(host))
        if not where or host.guests.find("w1") is not None and not state.listing(trail.KIND):
            break  # all was done
        assert clean_up(host) == [], where
        assert look(host, tmp_path) == before, where
        assert not state.listing(trail.KIND), where
    assert point >= 30
    assert host.guests.find("w1") is not None


def test_a_clone_that_came_meanwhile_keeps_the_template(
    host: Host, tmp_path: Path, context_of: Callable[[Any], RunContext]
) -> None:
    point = next(
        point
        for point in range(100)
        if killed(host, point, context_of(host)) == "after setAutostart" or clean_up(host) is None
    )
    assert point
    write_qcow2(tmp_path / "other.qcow2", f"{tmp_path}/tmpl.img")
    kept = clean_up(host)
    assert len(kept) == 3 and all("other.qcow2" in sentence for sentence in kept)
    assert "template=" in host.guests.xml("tmpl", inactive=True) and not host.guests.autostart("tmpl")
    assert (tmp_path / "tmpl.img").stat().st_mode & 0o777 == 0o444
    assert not state.listing(trail.KIND)
