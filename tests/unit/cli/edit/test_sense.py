"""Edits that the schema allows and libvirt refuses: they are refused before disks are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.place import default_host
from virtprov.cli import app
from virtprov.cli.edit import command

GUEST = """<domain type='test'><name>one</name><memory>65536</memory><os><type>hvm</type></os><devices>
<disk type='file' device='disk'><source file='/srv/a.img'/><target dev='vda' bus='virtio'/></disk></devices></domain>"""


def test_a_target_that_is_taken_is_refused_before_the_disk_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    asked = ["--connect", "test:///default", "one", "--add-device", "--disk", "pool=default-pool,size=1"]
    with default_host("one") as host:
        host.guests.define(GUEST)
        before = host.guests.xml("one")
        status = app.run("virtprov-xml", command.main, [*asked[:-1], f"{asked[-1]},target.dev=vda"])
        said = capsys.readouterr()
        assert status == 2 and "more than one device has the target name 'vda'" in said.err
        assert host.storage.volume_names("default-pool") == () and host.guests.xml("one") == before
        assert app.run("virtprov-xml", command.main, asked) == 0
        (name,) = host.storage.volume_names("default-pool")
        host.storage.delete_volume("default-pool", name)
