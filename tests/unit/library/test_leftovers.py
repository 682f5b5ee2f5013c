"""Where storage is made, what earlier runs left is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.trail import FileTrail
from virtprov.actions.steps.guest import Start
from virtprov.actions.steps.seed_volumes import WriteSeed
from virtprov.host.connection import connect
from virtprov.library.editing import warn_of_leftovers
from virtprov.library.listening import Collector


def test_runs_without_an_end_are_told_of_where_storage_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    hears = Collector(None)
    seed, start = WriteSeed("p", "web-seed.iso", b""), Start("web")
    with connect("test:///default") as host:
        killed = FileTrail("virtprov-xml", host, print)
        killed.begin(Volume("old.img", "p"))
        killed.let_go()
        context = hears.context(host)
        warn_of_leftovers([seed], context, hears)  # nothing outlives a run on this host
        context.trail = FileTrail("virtprov-xml", host, print)
        warn_of_leftovers([start], context, hears)
        assert hears.warnings == []
        warn_of_leftovers([start, seed], context, hears)
    (warning,) = hears.warnings
    assert "remove what is left with `virtprov-install --clean-up`" in warning
