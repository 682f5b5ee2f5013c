"""Trails that release 0.1.0 wrote: read, judged and cleaned up as those of today."""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run import leftovers
from virtprov.actions.run.artifacts.artifact import OTHERS, OURS, UNSURE, mark_of
from virtprov.actions.run.leftovers import Leftover
from virtprov.actions.run.trail_reader import DISCARD, PASSED, Run, read_ended_runs
from virtprov.host.connection import Host, connect
from virtprov.support.file_access.acl import Person, let_search
from virtprov.xml import path as places
from virtprov.xml import tree

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "trails-0.1.0"
UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e0{}"
GUEST = """<domain type='test'><name>{}</name><uuid>{}</uuid><memory>{}</memory><os><type>hvm</type></os>
<devices/></domain>"""
POOL = "<pool type='dir'><name>more</name><uuid>{}</uuid><target><path>/srv/more</path></target></pool>"
VOLUME = "<volume><name>{}</name><capacity>1048576</capacity></volume>"
SECRET = "2ec115d7-3a88-3ceb-bc12-0ac909a6fd87"
Look = Callable[[Host], dict[str, list[str]]]


def guest(name: str, number: int, memory: int = 65536) -> str:
    return GUEST.format(name, UUID.format(number), memory)


class Keeping(StandIn):
    """The test driver, which keeps no secrets, with a place for them."""

    def __init__(self, host: Host) -> None:
        self.real = host
        self.kept: set[str] = set()

    def secrets_exists(self, uuid: str) -> bool:
        return uuid in self.kept

    def secrets_remove(self, uuid: str) -> None:
        self.kept.remove(uuid)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder with the files that the run worked on, before it began."""
    made = tmp_path / "files"
    (made / "open").mkdir(mode=0o700, parents=True)
    (made / "disk.img").write_text("old")
    return made


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Any]:
    """The host before the run began: three guests, of which `db` is off, and one pool."""
    three = "".join(guest(name, number) for number, name in enumerate(("web", "old", "db"), 1))
    pool = "<pool type='dir'><name>images</name><target><path>/srv/images</path></target></pool>"
    (tmp_path / "host.xml").write_text(f"<node>{pool}{three}</node>")
    with connect(f"test://{tmp_path}/host.xml") as connected:
        connected.guests.destroy("db")
        yield Keeping(connected)


def pool_uuid(sample: str) -> str:
    """The UUID of the pool that the run made."""
    match = re.search('"uuid":"([^"]*)","path":"/srv/more"', (SAMPLES / f"{sample}.jsonl").read_text())
    assert match is not None
    return match[1]


def do_the_same(host: Any, folder: Path, sample: str) -> None:
    """Bring host and files to where the run left them."""
    let_search(str(folder / "open"), Person("somebody", 64000001, frozenset()))
    (folder / "disk.img").rename(folder / "disk.img.old")
    (folder / "disk.img").write_text("new")
    host.storage.create_pool(POOL.format(pool_uuid(sample)))
    for where, name in (("more", "new.img"), ("images", "new.img"), ("images", "locked.img")):
        host.storage.create_volume(where, VOLUME.format(name))
    host.kept.add(SECRET)
    host.guests.destroy("old")
    host.guests.rename("old", "old.replaced-9f3b1f0a")
    host.guests.define(guest("new", 4))
    host.guests.define(guest("web", 1, 131072))
    host.guests.start("db")


def put(host: Any, folder: Path, sample: str, home: Path) -> Path:
    """Write the sample into the state directory, with what is known of files and guests now."""
    text = (SAMPLES / f"{sample}.jsonl").read_text().replace("@URI@", host.uri).replace("@DIR@", str(folder))
    text = re.sub("@MARK ([^@]*)@", lambda match: mark_of(str(folder / match[1])), text)
    text = re.sub("@CRC32 ([^@]*)@", lambda match: crc32(host.guests.xml(match[1], inactive=True, secure=True)), text)
    home.mkdir(parents=True)
    path = home / "run-00000000000000000001-1.jsonl"
    path.write_text(text)
    return path


def crc32(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


@pytest.fixture
def read(home: Path, host: Any, folder: Path) -> Iterator[Callable[[str], Run]]:
    """Read a sample as the run that it tells of."""
    held = []

    def one(sample: str) -> Run:
        put(host, folder, sample, home)
        unreadable: list[str] = []
        ((run, log),) = read_ended_runs(unreadable)
        assert unreadable == []
        held.append(log)
        return run

    yield one
    for log in held:
        log.close()


def state_of(host: Any, folder: Path, listed: Look) -> tuple[Any, ...]:
    """All that the run could have changed."""
    files = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    memory = places.text(tree.parse(host.guests.xml("web", inactive=True)), "./memory")
    mode = stat.S_IMODE((folder / "open").stat().st_mode), os.listxattr(folder / "open")
    return listed(host), files, mode, memory, host.kept.copy()


def never(found: Leftover) -> bool:
    raise AssertionError(f"nothing is doubtful here, not {found}")


def test_old_trail_names_what_was_made(read: Callable[[str], Run], host: Any, folder: Path) -> None:
    do_the_same(host, folder, "made")
    run = read("made")
    assert run.describe().startswith(f"virtprov-install for 'new' on {host.uri} (started at 2023-09-")
    assert [left.artifact.describe() for left in run.left] == [
        "running guest 'db'",
        "changed definition of 'web'",
        "guest 'new'",
        "guest 'old' (renamed to 'old.replaced-9f3b1f0a')",
        f"file {folder}/disk.img",
        f"{folder}/disk.img (moved to {folder}/disk.img.old)",
        "volume locked.img in pool 'images'",
        "secret of /srv/images/locked.img",
        f"volume {folder}/free.img",
        "volume new.img in pool 'images'",
        "volume new.img in pool 'more'",
        "storage pool 'more'",
        f"permission of 'somebody' to search {folder}/open",
    ]


def test_old_trail_of_a_run_killed_at_its_end_is_cleaned_up(
    read: Callable[[str], Run], host: Any, folder: Path, listed: Look
) -> None:
    before = state_of(host, folder, listed)
    do_the_same(host, folder, "made")
    assert state_of(host, folder, listed) != before
    run = read("made")
    found = leftovers.look(run, host)
    assert len(found) == len(run.left) - 1  # the volume outside of pools went with its pool
    assert {each.state for each in found} == {OURS}
    outcomes = leftovers.remove(run, host, found, never)
    assert state_of(host, folder, listed) == before
    assert all(outcome.settled for outcome in outcomes)
    assert OURS not in {each.state for each in leftovers.look(run, host)}


def test_old_trail_of_what_was_only_begun_asks_where_nothing_tells(
    read: Callable[[str], Run], host: Any, folder: Path, listed: Look
) -> None:
    before = state_of(host, folder, listed)
    do_the_same(host, folder, "begun")
    run = read("begun")
    found = leftovers.look(run, host)
    doubtful = [each.artifact.describe() for each in found if each.state == UNSURE]
    assert doubtful == [
        "changed definition of 'web'",
        "running guest 'db'",
        "volume locked.img in pool 'images'",
        "volume new.img in pool 'images'",
        "volume new.img in pool 'more'",
    ]
    leftovers.remove(run, host, found, lambda each: True)
    assert state_of(host, folder, listed) == before


def test_old_trail_of_what_others_changed_since_leaves_it(
    read: Callable[[str], Run], host: Any, folder: Path, listed: Look
) -> None:
    do_the_same(host, folder, "made")
    run = read("made")
    host.guests.define(guest("web", 1, 262144))
    host.guests.destroy("db")
    host.guests.start("db")
    (folder / "theirs").write_text("theirs")
    (folder / "theirs").rename(folder / "disk.img")
    (folder / "open").chmod(0o755)
    found = {each.artifact.describe(): each.why for each in leftovers.look(run, host) if each.state == OTHERS}
    assert found == {
        "running guest 'db'": "'db' has been started again since",
        "changed definition of 'web'": "'web' has been changed since",
        f"file {folder}/disk.img": "another item now has this name",
        f"permission of 'somebody' to search {folder}/open": "the permissions of the directory have been changed since",
    }


def test_old_trail_past_the_point_of_no_return_gives_up_what_was_put_aside(
    read: Callable[[str], Run], host: Any, folder: Path, listed: Look
) -> None:
    do_the_same(host, folder, "settled")
    run = read("settled")
    assert run.phase == DISCARD
    leftovers.remove(run, host, leftovers.look(run, host), never)
    assert listed(host)["guests"] == ["db running", "new shut off", "web running"]
    assert sorted(path.name for path in folder.iterdir()) == ["disk.img", "open"]
    assert (folder / "disk.img").read_text() == "new"


def test_old_trail_of_a_finished_run_gives_up_its_seed(
    read: Callable[[str], Run], host: Any, folder: Path, listed: Look
) -> None:
    for name in ("new.img", "new-seed.iso"):
        host.storage.create_volume("images", VOLUME.format(name))
    host.guests.define(guest("new", 4))
    run = read("complete")
    assert run.phase == PASSED
    leftovers.remove(run, host, leftovers.look(run, host), never)
    assert listed(host) == {
        "guests": ["db shut off", "new shut off", "old running", "web running"],
        "pool images": ["new.img"],
    }


def test_old_trail_of_a_replaced_transient_guest_brings_it_back(
    read: Callable[[str], Run], host: Any, folder: Path, listed: Look
) -> None:
    host.guests.create(guest("new", 4))
    run = read("transient")
    leftovers.remove(run, host, leftovers.look(run, host), never)
    brief = host.guests.find("brief")
    assert brief.active and not brief.persistent and host.guests.find("new") is None
