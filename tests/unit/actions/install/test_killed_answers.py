"""Unattended installations that are killed at each of their points: clean-up leaves no answers and no guest."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.place import place_with
from tests.unit.actions.edit.test_killed_edits import CALLS, clean_up, exploding
from virtprov.actions.install import install_plan
from virtprov.actions.run import trail
from virtprov.actions.run.plan import RunContext, apply
from virtprov.guest.boot import CDROM, Method
from virtprov.host.connection import Host
from virtprov.places.place import Medium
from virtprov.support.user_files import state
from virtprov.unattended.unattended_request import from_options

from .test_unattended import request

SECRET = "correct horse battery"
POOL = "<pool type='dir'><name>default</name><target><path>{}</path></target></pool>"
CREATES = ((libvirt.virDomain, "create"), (libvirt.virConnect, "defineXML"), (libvirt.virStoragePool, "createXML"))


@pytest.fixture(autouse=True)
def surroundings(home: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(trail, "for_host", trail.FileTrail)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with place_with(tmp_path, POOL.format(tmp_path)) as found:
        yield found


def find_answers(folder: Path) -> list[Path]:
    """Find them where they are for a host of this process: in a file of the user's cache."""
    return sorted((folder / "cache").rglob("*unattended*"))


def look(host: Host, folder: Path) -> tuple[list[str], list[str], list[Path]]:
    return sorted(host.guests.names()), sorted(host.storage.volume_names("default")), find_answers(folder)


def killed(host: Host, point: int, context: RunContext, secret: Path) -> str:
    """Install in a run that is killed at a point; return where, "" if the run ended before."""
    words = from_options({"admin-password-file": [str(secret)], "user": ["ana"]})
    method = Method(CDROM, Medium("/srv/cd.iso"))
    made = install_plan.plan(request("win10", method, words, disk="disk none"), host)
    context.trail = trail.FileTrail("virtprov-install", host, context.warn)
    with exploding(point, (*CALLS, *CREATES)) as bomb:
        apply(made.plan, context)
    return bomb.where


def test_answers_go_wherever_the_run_is_killed(
    host: Host, tmp_path: Path, context_of: Callable[[Any], RunContext]
) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    before = look(host, tmp_path)
    places, with_answers = [], 0
    for point in range(200):
        where = killed(host, point, context_of(host), tmp_path / "secret")
        if not where or host.guests.find("g") is not None and not state.listing(trail.KIND):
            break  # all was done
        places.append(where)
        for file in find_answers(tmp_path):
            with_answers += SECRET.encode() in file.read_bytes()
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, where
        assert clean_up(host) == [], where
        assert not find_answers(tmp_path), where
        if host.guests.find("g") is not None:  # it was made and started
            break
        assert look(host, tmp_path) == before, where
        assert not state.listing(trail.KIND), where
    assert with_answers >= 3 and len(places) >= 10, places
