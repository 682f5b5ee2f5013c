"""Paths of hosts that name files in their own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.guest.disks import driver_paths
from virtprov.guest.disks.locate import DiskResolver
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.disks.spec import DiskSpec
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError, ProvError, UsageError
from virtprov.xml import tree

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"


def host(name: str) -> Host:
    return connect(f"recorded://{HOSTS / name}")


def resolved(name: str, spec: DiskSpec, device: str = "disk") -> tuple[str, tuple[NewVolume, ...]]:
    disk = tree.parse(f"<disk device='{device}'/>")
    with host(name) as found:
        making = DiskResolver(found, "vm", qemu=False).resolve(disk, spec)
    return DiskSource.of(disk).location, making.volumes


@pytest.mark.parametrize(
    ("name", "path", "foreign"),
    [
        ("esx", "[datastore1] web/web.vmdk", True),
        ("esx", "/vmfs/volumes/datastore1/web.vmdk", False),
        ("esx", r"C:\vms\x.vhdx", False),
        ("hyperv", r"C:\vms\x.vhdx", True),
        ("hyperv", "D:/vms/x.vhdx", True),
        ("hyperv", r"\\server\share\x.vhdx", True),
        ("hyperv", "x.vhdx", False),
        ("kvm", "[datastore1] web/web.vmdk", False),
        ("kvm", r"C:\vms\x.vhdx", False),
    ],
)
def test_each_driver_has_its_own_form(name: str, path: str, foreign: bool) -> None:
    with host(name) as found:
        assert driver_paths.is_foreign(found, path) is foreign


@pytest.mark.parametrize(
    ("name", "spec", "source"),
    [
        ("esx", DiskSpec(vol="datastore1/plain.vmdk"), "[datastore1] plain.vmdk"),
        ("esx", DiskSpec(path="[datastore1] plain.vmdk"), "[datastore1] plain.vmdk"),
        ("esx", DiskSpec(path="[datastore1] web/web.vmdk", source_as="volume"), "datastore1/web/web.vmdk"),
        ("hyperv", DiskSpec(path=r"C:\vms\x.vhdx"), r"C:\vms\x.vhdx"),
    ],
)
def test_disks_that_are_there(name: str, spec: DiskSpec, source: str) -> None:
    assert resolved(name, spec) == (source, ())


@pytest.mark.parametrize(
    ("spec", "path", "name"),
    [
        (DiskSpec(size=4), "[datastore1] vm/vm.vmdk", "vm/vm.vmdk"),  # ESX creates disks in folders only
        (DiskSpec(size=4, pool="datastore1"), "[datastore1] vm/vm.vmdk", "vm/vm.vmdk"),
        (DiskSpec(size=4, path="[datastore1] e/e.vmdk"), "[datastore1] e/e.vmdk", "e/e.vmdk"),
    ],
)
def test_new_disks_in_a_datastore(spec: DiskSpec, path: str, name: str) -> None:
    source, (volume,) = resolved("esx", spec)
    assert (source, volume.path, volume.name, volume.pool, volume.format) == (path, path, name, "datastore1", "vmdk")


@pytest.mark.parametrize(
    ("name", "spec", "error", "message", "hint"),
    [
        ("esx", DiskSpec(path="[datastore1] no.vmdk"), UsageError, "file or volume not found", "check the path"),
        ("esx", DiskSpec(path="[store] e/e.vmdk", size=1), HostError, "no storage pool 'store'", "datastore1"),
        ("esx", DiskSpec(path="x.vmdk"), UsageError, "must have the form '[DATASTORE] FOLDER/", "full path"),
        ("hyperv", DiskSpec(path="x.vhdx"), UsageError, r"must have the form C:\FOLDER\FILE", "full path"),
        ("hyperv", DiskSpec(path=r"C:\x.vhdx", size=1), HostError, "cannot create disks on a hyperv", "without size="),
        ("hyperv", DiskSpec(size=1), HostError, "cannot create disks on a hyperv", "without size="),
    ],
)
def test_refusals(name: str, spec: DiskSpec, error: type[ProvError], message: str, hint: str) -> None:
    with pytest.raises(error) as failure:
        resolved(name, spec)
    assert message in failure.value.message
    assert failure.value.hint is not None and hint in failure.value.hint
