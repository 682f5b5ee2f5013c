"""Whether the output of a guest's devices would overwrite a disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.actions.install.checks.disk_checks import check_outputs
from virtprov.guest.checks import Others
from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host, connect
from virtprov.osinfo.find_profile import generic
from virtprov.support.errors import HostError

OTHER = (
    "<domain type='test'><name>other</name><memory>1024</memory><os><type>hvm</type></os><devices>"
    "<disk type='file' device='disk'><driver type='raw'/><source file='{}/used.img'/><target dev='vda'/></disk>"
    "</devices></domain>"
)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    (tmp_path / "node.xml").write_text(f"<node>{OTHER.format(tmp_path)}</node>")
    for name, data in (("used.img", b""), ("log", b"booting\n"), ("a.qcow2", b"QFI\xfb\0\0\0\3".ljust(512, b"\0"))):
        (tmp_path / name).write_bytes(data)
    with connect(f"test://{tmp_path / 'node.xml'}") as found:
        yield found


def check(host: Host, devices: str) -> None:
    guest = Guest.parse(f"<domain type='test'><name>g</name><devices>{devices}</devices></domain>")
    check_outputs(RuleContext(guest, host, generic()), Others(host))


@pytest.mark.parametrize(
    ("device", "name", "message"),
    [
        ("<serial type='file'><source path='{}'/></serial>", "used.img", "used.img is in use by guest 'other'"),
        ("<serial type='file'><source path='{}'/></serial>", "a.qcow2", "a.qcow2 is a disk image, which the output"),
        ("<channel type='unix'><log file='{}'/></channel>", "a.qcow2", "a.qcow2 is a disk image"),
        (
            "<disk><source file='{0}'/></disk><console type='file'><source path='{0}'/></console>",
            "own.raw",
            "own.raw is a disk image",
        ),
    ],
)
def test_output_that_would_overwrite_a_disk(device: str, name: str, message: str, host: Host, tmp_path: Path) -> None:
    with pytest.raises(HostError, match=message) as caught:
        check(host, device.format(tmp_path / name))
    assert "--check path_in_use=off" in caught.value.hint


@pytest.mark.parametrize("name", ["log", "new"])
def test_output_to_other_files(name: str, host: Host, tmp_path: Path) -> None:
    check(host, f"<serial type='file'><source path='{tmp_path / name}'/></serial><serial type='pty'/>")
