"""Clones that are killed at each of their points: clean-up leaves nothing over, and no template behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.qcow2 import write_qcow2
from tests.unit.actions.edit.test_killed_edits import CALLS, Calls, Killed, clean_up, exploding
from virtprov.actions.clone import draft
from virtprov.actions.remove import carry_out
from virtprov.actions.request import Checks, CloneRequest, DiskChoice
from virtprov.actions.run import leftovers, trail
from virtprov.actions.run.plan import RunContext, apply
from virtprov.actions.run.templates import find_use
from virtprov.actions.run.trail_reader import read_ended_runs
from virtprov.actions.seed import login
from virtprov.host.connection import Host, connect
from virtprov.library.edit_request import Change
from virtprov.library.editing import edit
from virtprov.support.user_files import state

NO_PATHS = Checks(path_exists=False)
NODE = """<node><pool type='dir'><name>default</name><available unit='GiB'>9</available>
<target><path>{folder}</path></target><volume type='file'><name>tmpl.img</name><capacity>512</capacity>
<target><path>{folder}/tmpl.img</path><format type='raw'/></target></volume></pool>
<pool type='dir'><name>other</name><available unit='GiB'>9</available>
<target><path>{folder}/other</path></target></pool>
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
    (tmp_path / "tmpl.img").write_bytes(b"data" * 128)
    (tmp_path / "tmpl.img").chmod(0o640)
    (tmp_path / "other").mkdir()
    with connect(f"test://{path}") as found:
        found.guests.set_autostart("tmpl", True)
        yield found


def look(host: Host, folder: Path) -> dict[str, object]:
    guests = {name: (host.guests.xml(name, inactive=True), host.guests.autostart(name)) for name in host.guests.names()}
    mode = (folder / "tmpl.img").stat().st_mode & 0o777
    volumes = {pool: host.storage.volume_names(pool) for pool in host.storage.pool_names()}
    copies = sorted(path.name for place in (folder, folder / "other") for path in place.glob("*.img"))
    return {**guests, **volumes, "mode": mode, "copies": copies}


LINKED: dict[str, Any] = {"linked": True, "make_template": True}
COPYING: Calls = (
    (libvirt.virStoragePool, "createXMLFrom"), (libvirt.virStoragePool, "refresh"), (os, "copy_file_range"),
    (os, "ftruncate"), (os, "rename"),
)  # fmt: skip


def killed(host: Host, point: int, context: RunContext, how: dict[str, Any] = LINKED) -> str:
    """Make a clone in a run that is killed at a point; return where, "" if the run ended before."""
    made = draft.plan(CloneRequest(original="tmpl", name="w1", auto=True)._replace(**how), host)
    context.trail = trail.FileTrail("virtprov-clone", host, context.warn)
    unlink = os.unlink

    def unlink_if_alive(path: str) -> None:
        if bomb.where and not bomb.is_off and path.endswith((".img", ".qcow2")):
            raise Killed(path)
        unlink(path)

    with exploding(point, (*CALLS, *COPYING)) as bomb, pytest.MonkeyPatch.context() as patches:
        patches.setattr(os, "unlink", unlink_if_alive)
        apply(made.plan, context)
    return bomb.where


@pytest.mark.parametrize(
    ("how", "places"),
    [
        (LINKED, {"after createXML", "after fchmod", "before setAutostart"}),
        ({"linked": True}, {"after createXML", "before defineXML"}),
        ({}, {"before copy_file_range", "after copy_file_range", "before refresh"}),
        ({"pool": "other"}, {"after copy_file_range", "before defineXML"}),
        ({"choices": (DiskChoice("vda", format="qcow2"),)}, {"before createXMLFrom", "after createXMLFrom"}),
        ({"choices": (DiskChoice("vda", path="old.img"),), "checks": NO_PATHS}, {"before rename", "after rename"}),
        ({"choices": (DiskChoice("vda", linked=True),), "make_template": True}, {"after createXML", "after fchmod"}),
    ],
    ids=["make-template", "linked", "copy", "pool", "format", "overwrite", "copy-linked"],
)
def test_a_clone_that_is_killed_anywhere_leaves_nothing(
    how: dict[str, Any], places: set[str], host: Host, tmp_path: Path, context_of: Callable[[Any], RunContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.img").write_text("old")
    if how == {"linked": True}:
        edit(host, "tmpl", Change("template", "template", "yes"))
    before = look(host, tmp_path)
    seen = set()
    for point in range(1000):
        where = killed(host, point, context_of(host), how)
        seen.add(where)
        if not where or host.guests.find("w1") is not None and not state.listing(trail.KIND):
            break  # all was done
        assert clean_up(host) == [], where
        if host.guests.find("w1") is not None:  # only the file that was moved aside was left
            break
        assert look(host, tmp_path) == before, where
        assert not state.listing(trail.KIND), where
    assert point >= 15 and places <= seen
    assert host.guests.find("w1") is not None
    assert not list(tmp_path.glob("*.old"))


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
    asked: list[str] = []

    def counting(host: Host, uuid: str) -> str:
        asked.append(uuid)
        return find_use(host, uuid)

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(leftovers, "find_use", counting)
        kept = clean_up(host)
    assert len(asked) == 1, "one look at all guests of the host is enough"
    assert len(kept) == 3 and all("other.qcow2" in sentence for sentence in kept)
    assert "template=" in host.guests.xml("tmpl", inactive=True) and not host.guests.autostart("tmpl")
    assert (tmp_path / "tmpl.img").stat().st_mode & 0o777 == 0o444
    assert not state.listing(trail.KIND)


OLD = """<domain type='test'><name>w1</name><uuid>5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e02</uuid><memory>1024</memory>
<os><type>hvm</type></os></domain>"""


def test_the_login_of_a_replaced_guest_goes_wherever_the_run_is_killed(
    host: Host, context_of: Callable[[Any], RunContext], tmp_path: Path
) -> None:
    config, ends = tmp_path / "config", set()
    for point in range(1000):
        info = host.guests.find("w1") or host.guests.define(OLD)
        way = login.Login("tom", info.uuid, host="w1", ssh_config=str(config))
        login.keep_entry(way, host, "192.0.2.5", print)
        where = killed(host, point, context_of(host), {"replace": True})
        for run, log in read_ended_runs([]):
            leftovers.remove(run, host, leftovers.look(run, host), lambda found: False)
            carry_out.forget_logins(run, host, print, print)
            log.remove()
        is_there = host.guests.find(info.uuid) is not None
        assert (login.find(info.uuid) is not None, "Host w1" in config.read_text()) == (is_there, is_there), where
        ends.add((bool(where), is_there))
        if not where:
            break
        if not is_there:
            host.guests.undefine("w1")
            host.storage.delete_volume("default", "w1.img")
    assert ends == {(True, True), (True, False), (False, False)}
