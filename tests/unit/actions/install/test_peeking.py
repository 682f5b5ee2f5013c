"""Files of a remote host outside its pools: the pool that shows them does not stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.actions.install import peeking
from virtprov.actions.request import InstallRequest
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A remote host without pools."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "host.json").write_text(json.dumps({"uri": "qemu+ssh://far/system"}))
    (tmp_path / "host" / "inventory.xml").write_text("<node/>")
    with connect(f"recorded://{tmp_path / 'host'}") as host:
        yield host


def test_the_pool_is_there_for_a_moment_only(far: Host) -> None:
    look = peeking.peek(InstallRequest(), far)
    assert look is not None
    with look("/srv/vm"):
        (name,) = far.storage.pool_names()
        pool = far.storage.pool(name)
        assert pool is not None and pool.path == "/srv/vm" and pool.active
    assert far.storage.pool_names() == ()
    with pytest.raises(HostError), look("/srv/vm"):
        raise HostError("the host has no such file")
    assert far.storage.pool_names() == ()


@pytest.mark.parametrize("request_", [InstallRequest(printing=True), InstallRequest(dry=True)])
def test_nothing_is_made_where_nothing_may_change(request_: InstallRequest, far: Host) -> None:
    assert peeking.peek(request_, far) is None


def test_files_of_this_machine_need_no_pool() -> None:
    with connect("test:///default") as host:
        assert peeking.peek(InstallRequest(), host) is None
