"""Disk images by their first bytes and their names."""

from __future__ import annotations

import pytest

from virtprov.osinfo.media.disk_image import ImageTable, image_key, pack_images
from virtprov.osinfo.media.systems import SystemTable, pack_systems


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("debian-12-generic-amd64-20240702-1796.qcow2", "http://x/latest/debian-12-generic-amd64.qcow2"),
        ("CentOS-Stream-GenericCloud-9-20240101.0.x86_64.qcow2", "CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2"),
        ("Rocky-9-GenericCloud-Base-9.4-20240609.1.x86_64.qcow2", "Rocky-9-GenericCloud-Base.latest.x86_64.qcow2"),
        ("AlmaLinux-9-GenericCloud-9.4-20240805.x86_64.qcow2", "AlmaLinux-9-GenericCloud-latest.x86_64.qcow2"),
        ("Fedora-Cloud-Base-Generic.x86_64-40-1.14.qcow2", "Fedora-Cloud-Base-Generic.x86_64-40-1.10.qcow2"),
        ("noble-server-cloudimg-amd64.img.xz", "/a/b/Noble-server-cloudimg-amd64.IMG"),
        ("image.qcow2?token=1", "image.qcow2"),
    ],
)
def test_builds_of_one_image_have_one_key(one: str, other: str) -> None:
    assert image_key(one) == image_key(other)


def test_different_images_have_different_keys() -> None:
    names = (
        "debian-12-generic-amd64.qcow2", "debian-11-generic-amd64.qcow2", "debian-12-genericcloud-amd64.qcow2",
        "debian-12-generic-arm64.qcow2", "Fedora-Cloud-Base-Generic.x86_64-41-1.4.qcow2",
        "Fedora-Cloud-Base-Generic.x86_64-40-1.14.qcow2", "ubuntu-22.04-server-cloudimg-amd64.img",
    )  # fmt: skip
    assert len({image_key(name) for name in names}) == len(names)


def test_systems_by_image() -> None:
    image = ("x86_64", "qcow2", "https://x/debian-12-generic-amd64.qcow2", "true", "generic")
    ubuntu = ("aarch64", "qcow2", "https://x/jammy-server-cloudimg-arm64.img", "true", "")
    shared = ("x86_64", "qcow2", "https://x/cloud-latest.qcow2", "", "")
    boxed = ("x86_64", "containerdisk", "docker://x/fedora:40", "true", "")
    rows = [("debian12", [image, boxed]), ("ubuntu22.04", [ubuntu, shared]), ("other1", [shared])]
    facts = [("ubuntu22.04", ("Ubuntu 22.04", "22.04", "ubuntu", "Jammy Jellyfish", "2022-04-21"), ())]
    systems = SystemTable(lambda: pack_systems(facts))
    table = ImageTable(lambda: pack_images(rows))
    hit = table.match("/pool/debian-12-generic-amd64-20240702-1796.qcow2", systems)
    assert hit is not None
    assert (hit.os, hit.arch, hit.variants, hit.cloud_init) == ("debian12", "x86_64", ("generic",), True)
    hit = table.match("ubuntu-22.04-server-cloudimg-arm64.img", systems)
    assert hit is not None
    assert (hit.os, hit.arch) == ("ubuntu22.04", "aarch64")
    for name in ("ubuntu-23.10-server-cloudimg-arm64.img", "disk.qcow2", "cloud-latest.qcow2", "", "fedora:40"):
        assert table.match(name, systems) is None
