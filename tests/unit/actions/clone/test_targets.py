"""Copies go where nobody's data is, and hold what the guest sees, not what its disk's bytes claim."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.clone import draft
from virtprov.actions.request import Checks, CloneRequest
from virtprov.actions.run.plan import RunContext
from virtprov.actions.steps.storage import CopyDisk
from virtprov.guest.disks.checks import host_use
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError, UsageError
from virtprov.support.terminal.progress import Progress

EVIL = struct.pack(">4sIQIIQ", b"QFI\xfb", 2, 104, 12, 16, 1 << 20).ljust(104, b"\0") + b"/root/secret"


def domain(name: str, folder: Path, driver: str, more: str = "") -> str:
    return (
        f"<domain type='test'><name>{name}</name><memory>65536</memory><os><type>hvm</type>{more}</os><devices>"
        f"<disk type='file' device='disk'>{driver}<source file='{folder}/{name}.img'/><target dev='vda'/></disk>"
        "</devices></domain>"
    )


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """The pool `p` takes the raw disk of `a` for qcow2; `a` is off, `c` runs."""
    raw = "<driver name='qemu' type='raw'/>"
    for name in ("a", "c"):
        (tmp_path / f"{name}.img").write_bytes(EVIL)
    place = tmp_path / "place.xml"
    nvram = f"<loader type='pflash'>/code</loader><nvram>{tmp_path}/c_VARS.fd</nvram>"
    place.write_text(
        f"<node><pool type='dir'><name>p</name><target><path>{tmp_path}</path></target><volume type='file'>"
        f"<name>a.img</name><capacity>1</capacity><target><path>{tmp_path}/a.img</path><format type='qcow2'/></target>"
        f"<backingStore><path>/root/secret</path></backingStore></volume></pool>{domain('a', tmp_path, raw)}"
        f"{domain('c', tmp_path, raw, nvram)}</node>"
    )
    with ExitStack() as stack:
        made = stack.enter_context(connect(f"test://{place}"))
        made.guests.destroy("a")
        yield made


def steps(request: CloneRequest, host: Any) -> list[Any]:
    return list(draft.plan(request, host).plan.steps)


def test_the_bytes_of_a_raw_disk_are_copied_as_they_are(host: Host, tmp_path: Path) -> None:
    first = steps(CloneRequest(original="a", name="b", files=(f"{tmp_path}/b.img",)), host)[0]
    assert (type(first).__name__, first.source, first.target) == ("CopyFile", f"{tmp_path}/a.img", f"{tmp_path}/b.img")
    from virtprov.support.file_access.copy import copy_image

    copy_image(first.source, first.target)
    assert (tmp_path / "b.img").read_bytes() == EVIL


def test_what_cannot_be_copied_byte_by_byte_is_refused(host: Host, tmp_path: Path) -> None:
    class Elsewhere(StandIn):
        is_remote = True

        real = host

    with pytest.raises(
        HostError,
        match=(
            "a.img is a raw disk of the original, but its storage pool detects qcow2: the host would not copy what the "
            "guest sees"
        ),
    ):
        steps(CloneRequest(original="a", name="b", files=(f"{tmp_path}/b.img",)), Elsewhere())


def test_a_pool_that_looks_again_just_before_the_copy(host: Host, tmp_path: Path) -> None:
    known = host.storage.volume("p", "a.img")
    assert known is not None
    step = CopyDisk(known._replace(format="raw"), f"{tmp_path}/b.img", declared="raw")
    with pytest.raises(HostError, match="its storage pool detects qcow2"):
        step.do(RunContext(host, Progress(), print, print))


@pytest.mark.parametrize("preserve", [True, False])
@pytest.mark.parametrize("path_exists", [True, False])
def test_disks_of_other_guests_and_of_the_original(
    preserve: bool, path_exists: bool, host: Host, tmp_path: Path
) -> None:
    checks = Checks(path_exists=path_exists)
    request = CloneRequest(original="a", name="b", files=(f"{tmp_path}/c.img",), preserve=preserve, checks=checks)
    with pytest.raises(HostError, match="c.img is in use by guest 'c'"):
        steps(request, host)
    with pytest.raises(UsageError, match="is the original's own disk"):
        steps(request._replace(files=(f"{tmp_path}/a.img",)), host)
    (tmp_path / "link").symlink_to(tmp_path / "a.img")
    with pytest.raises(UsageError, match="is the original's own disk"):
        steps(request._replace(files=(f"{tmp_path}/link",)), host)
    free = Checks(path_exists=path_exists, path_in_use=False)
    if preserve:
        assert len(steps(request._replace(checks=free), host)) == 1


def test_a_guest_that_is_replaced_may_lose_its_disk(host: Host, tmp_path: Path) -> None:
    request = CloneRequest(original="a", name="c", files=(f"{tmp_path}/c.img",), preserve=True)
    assert len(steps(request._replace(replace=True), host)) == 3


def test_devices_that_this_machine_uses(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(host_use, "used_by_host", lambda path: "it is mounted at /srv")
    with pytest.raises(HostError, match="--file /dev/sdz: /dev/sdz is in use by this host: it is mounted at /srv"):
        steps(CloneRequest(original="a", name="b", files=("/dev/sdz",), preserve=True), host)


def test_variables_of_another_guest(host: Host, tmp_path: Path) -> None:
    (tmp_path / "c_VARS.fd").write_bytes(b"")
    document = domain("a", tmp_path, "", f"<loader type='pflash'>/code</loader><nvram>{tmp_path}/a_VARS.fd</nvram>")
    request = CloneRequest(document=document.encode(), name="b", auto=True, nvram=f"{tmp_path}/c_VARS.fd")
    with pytest.raises(HostError, match="c_VARS.fd are in use by guest 'c'"):
        steps(request, host)
    with pytest.raises(UsageError, match="is the file with the original's own UEFI variables"):
        steps(request._replace(nvram=f"{tmp_path}/a_VARS.fd"), host)
